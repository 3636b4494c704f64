#include "master/cli/progress_display.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace phial::inline v1::cli {
namespace {

using Count = unsigned long long;

double mebibytes(std::uint64_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

double rate(std::uint64_t now, std::uint64_t before, double seconds) {
  return seconds > 0 ? static_cast<double>(now - before) / seconds : 0;
}

}  // namespace

ProgressDisplay::ProgressDisplay()
    : ProgressDisplay(::isatty(STDERR_FILENO) == 1 ? Style::table : Style::lines) {}

Duration ProgressDisplay::interval() const {
  return style_ == Style::table ? std::chrono::milliseconds(250) : std::chrono::milliseconds(2000);
}

std::string ProgressDisplay::next(const Progress& now) {
  const double seconds = now.seconds - last_.seconds;
  const double jobsRate = rate(now.settled, last_.settled, seconds);
  const double restartRate = rate(now.restarts, last_.restarts, seconds);
  last_ = now;
  if (style_ == Style::table) return table(now, jobsRate, restartRate);
  char text[256];
  std::snprintf(text, sizeof text,
                "%6.1f s: %llu jobs (%.0f/s), %llu failed, %zu workers, %llu restarts (%.0f/s, "
                "p50 %.1f ms, p99 %.1f ms), RSS %.1f MiB, %zu descriptors\n",
                now.seconds, static_cast<Count>(now.settled), jobsRate,
                static_cast<Count>(now.failed), now.workers, static_cast<Count>(now.restarts),
                restartRate, now.restartMsP50, now.restartMsP99, mebibytes(now.footprint.rssBytes),
                now.footprint.descriptors);
  return text;
}

std::string ProgressDisplay::table(const Progress& now, double jobsRate, double restartRate) {
  const double share =
      now.jobs ? 100 * static_cast<double>(now.settled) / static_cast<double>(*now.jobs) : 0;
  char percent[32] = "";
  if (now.jobs) std::snprintf(percent, sizeof percent, " (%.0f %%)", share);
  char text[1024];
  // "\033[K" clears what a longer line has left there.
  std::snprintf(text, sizeof text,
                "jobs      %12llu%s, %llu failed\033[K\n"
                "jobs/s    %12.0f\033[K\n"
                "workers   %12zu  %zu busy, %zu idle, %zu starting\033[K\n"
                "restarts  %12llu  p50 %.1f ms, p99 %.1f ms\033[K\n"
                "restarts/s%12.0f\033[K\n"
                "process   %10.1f s  RSS %.1f MiB, %zu descriptors\033[K\n",
                static_cast<Count>(now.settled), percent, static_cast<Count>(now.failed), jobsRate,
                now.workers, now.busy, now.idle, now.starting, static_cast<Count>(now.restarts),
                now.restartMsP50, now.restartMsP99, restartRate, now.seconds,
                mebibytes(now.footprint.rssBytes), now.footprint.descriptors);
  const std::string lines = text;
  const std::string up = linesUp_ > 0 ? "\033[" + std::to_string(linesUp_) + "A" : "";
  linesUp_ = static_cast<int>(std::count(lines.begin(), lines.end(), '\n'));
  return up + lines;
}

}  // namespace phial::inline v1::cli
