#include "master/cli/report.h"

#include <cstdarg>
#include <cstdio>

namespace phial::inline v1::cli {
namespace {

using Count = unsigned long long;

[[gnu::format(printf, 1, 2)]] std::string format(const char* pattern, ...) {
  char text[512];
  std::va_list arguments;
  va_start(arguments, pattern);
  std::vsnprintf(text, sizeof text, pattern, arguments);
  va_end(arguments);
  return text;
}

double mebibytes(std::uint64_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

std::string restartTimes(const Report& report) {
  return format("p50 %.1f, p99 %.1f, max %.1f ms", report.restartMsP50, report.restartMsP99,
                report.restartMsMax);
}

std::string jobLines(const Report& report) {
  std::string text;
  const auto line = [&](const char* what, std::uint64_t count) {
    text += format("  %-15s %12llu\n", what, static_cast<Count>(count));
  };
  line("submitted", report.submitted);
  line("succeeded", report.succeeded);
  line("failed", report.failed);
  for (const auto& [cause, count] : report.failedByCause) {
    text += format("    %12llu  %s\n", static_cast<Count>(count), cause.c_str());
  }
  line("cancelled", report.cancelled);
  line("rerun", report.pool.rerun);
  line("lost", report.lost);
  line("settled twice", report.settledTwice);
  line("wrong results", report.wrong);
  if (report.brokenObjects > 0) line("broken objects", report.brokenObjects);
  return text;
}

std::string workerLines(const Report& report) {
  return format("  %-15s %12llu  (%s)\n", "restarts", static_cast<Count>(report.restarts),
                restartTimes(report).c_str()) +
         format("  %-15s %12llu  deaths, %llu recycled, %llu signals sent\n", "",
                static_cast<Count>(report.pool.deaths), static_cast<Count>(report.pool.recycled),
                static_cast<Count>(report.signalsSent)) +
         format("  %-15s %12zu  before, %zu after\n", "descriptors", report.before.descriptors,
                report.after.descriptors) +
         format("  %-15s %12zu  zombies, %zu alive\n", "children left", report.left.zombies,
                report.left.strays) +
         format("  %-15s %12.1f  MiB before, %.1f after\n", "memory",
                mebibytes(report.before.rssBytes), mebibytes(report.after.rssBytes));
}

std::string seriesLines(const Series& series) {
  std::string text = "\n     seconds         jobs    RSS MiB  descriptors  workers\n";
  for (const auto& point : series.points()) {
    text += format("  %10.1f %12llu %10.1f %12zu %8zu\n", point.seconds,
                   static_cast<Count>(point.settled), mebibytes(point.rssBytes), point.descriptors,
                   point.workers);
  }
  return text;
}

std::string verdictLines(const Report& report) {
  const auto wrong = objections(report);
  if (wrong.empty()) return "OK: every job came back exactly once, and nothing was left behind\n";
  std::string text;
  for (const auto& objection : wrong) text += "FAILED: " + objection + "\n";
  return text;
}

}  // namespace

std::string describe(const Report& report) {
  std::string text =
      format("phial stress, seed %llu, %.1f s%s\n", static_cast<Count>(report.seed), report.seconds,
             report.end == Report::End::interrupted ? ", interrupted" : "");
  text += jobLines(report) + workerLines(report);
  if (report.series.points().size() > 1) text += seriesLines(report.series);
  return text + "\n" + verdictLines(report);
}

std::vector<std::string> objections(const Report& report) {
  std::vector<std::string> found;
  const auto none = [&](std::uint64_t count, const char* what) {
    if (count > 0) found.push_back(std::to_string(count) + " " + what);
  };
  none(report.lost, "jobs were lost");
  none(report.settledTwice, "jobs were settled twice");
  none(report.wrong, "results were wrong");
  none(report.left.zombies, "zombies are left");
  none(report.left.strays, "child processes are left");

  const auto accounted = report.succeeded + report.failed + report.cancelled + report.lost;
  if (accounted != report.submitted) {
    found.push_back(format("%llu jobs were submitted, %llu accounted for",
                           static_cast<Count>(report.submitted), static_cast<Count>(accounted)));
  }
  const PoolStats& pool = report.pool;
  if (!pool.balanced() || pool.queued + pool.running > 0) {
    found.push_back("the pool's own ledger does not balance");
  }
  // A job that is cancelled when the pool has just booked its end is cancelled only for its caller.
  if (pool.submitted != report.submitted || pool.succeeded < report.succeeded ||
      pool.failed < report.failed || pool.cancelled > report.cancelled) {
    found.push_back("the pool's ledger says something else than its Deferreds did");
  }
  if (report.blamedOnDeaths > pool.deaths) {
    found.push_back(format("%llu failures blame %llu deaths: one failed more than its own job",
                           static_cast<Count>(report.blamedOnDeaths),
                           static_cast<Count>(pool.deaths)));
  }
  if (report.after.descriptors > report.before.descriptors) {
    found.push_back(
        format("%zu descriptors are left", report.after.descriptors - report.before.descriptors));
  }
  for (const auto& [cause, count] : report.unexplained) {
    found.push_back(std::to_string(count) + " jobs failed for no fault of ours: " + cause);
  }
  if (report.end == Report::End::stalled) found.push_back("the pool came to a standstill");
  found.insert(found.end(), report.troubles.begin(), report.troubles.end());
  return found;
}

}  // namespace phial::inline v1::cli
