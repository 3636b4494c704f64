// The report for programs. Keys are in the order of the text.
#include <cstdio>
#include <string_view>

#include "master/cli/report.h"

namespace phial::cli {
namespace {

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      result += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      result += escape;
    } else {
      result += c;
    }
  }
  return result + '"';
}

std::string fixed(double number) {
  char text[64];
  std::snprintf(text, sizeof text, "%.3f", number);
  return text;
}

class Object {
 public:
  Object& raw(std::string_view key, const std::string& json) {
    text_ += (text_.empty() ? "{" : ", ") + quoted(key) + ": " + json;
    return *this;
  }
  Object& add(std::string_view key, std::uint64_t number) {
    return raw(key, std::to_string(number));
  }
  Object& add(std::string_view key, double number) { return raw(key, fixed(number)); }
  std::string end() const { return text_.empty() ? "{}" : text_ + "}"; }

 private:
  std::string text_;
};

std::string counts(const std::map<std::string, std::uint64_t>& counts) {
  Object object;
  for (const auto& [cause, count] : counts) object.add(cause, count);
  return object.end();
}

template <class Items, class Show>
std::string list(const Items& items, Show show) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : ", ") + show(item);
  return "[" + text + "]";
}

std::string point(const SeriesPoint& point) {
  return Object()
      .add("seconds", point.seconds)
      .add("settled", point.settled)
      .add("rssBytes", point.rssBytes)
      .add("fds", std::uint64_t{point.descriptors})
      .add("workers", std::uint64_t{point.workers})
      .end();
}

const char* endName(Report::End end) {
  switch (end) {
    case Report::End::done:
      return "done";
    case Report::End::interrupted:
      return "interrupted";
    case Report::End::stalled:
      return "stalled";
  }
  return "unknown";
}

}  // namespace

std::string toJson(const Report& report) {
  const auto wrong = objections(report);
  Object json;
  json.add("submitted", report.submitted)
      .add("succeeded", report.succeeded)
      .add("failed", report.failed)
      .raw("failedByCause", counts(report.failedByCause))
      .add("cancelled", report.cancelled)
      .add("rerun", report.pool.rerun)
      .add("lost", report.lost)
      .add("settledTwice", report.settledTwice)
      .add("wrong", report.wrong)
      .add("restarts", report.restarts)
      .add("restartMsP50", report.restartMsP50)
      .add("restartMsP99", report.restartMsP99)
      .add("restartMsMax", report.restartMsMax)
      .add("deaths", report.pool.deaths)
      .add("recycled", report.pool.recycled)
      .add("signalsSent", report.signalsSent)
      .add("fdsBefore", std::uint64_t{report.before.descriptors})
      .add("fdsAfter", std::uint64_t{report.after.descriptors})
      .add("zombies", std::uint64_t{report.left.zombies})
      .add("childrenLeft", std::uint64_t{report.left.strays})
      .add("rssBytesBefore", report.before.rssBytes)
      .add("rssBytesAfter", report.after.rssBytes)
      .raw("series", list(report.series.points(), point))
      .add("seconds", report.seconds)
      .add("seed", report.seed)
      .raw("end", quoted(endName(report.end)))
      .raw("ok", wrong.empty() ? "true" : "false")
      .raw("objections", list(wrong, [](const std::string& line) { return quoted(line); }));
  return json.end() + "\n";
}

}  // namespace phial::cli
