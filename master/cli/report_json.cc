// The report for programs. Keys are in the order of the text.
#include <cmath>
#include <nlohmann/json.hpp>

#include "master/cli/report.h"

namespace phial::inline v1::cli {
namespace {

using Json = nlohmann::ordered_json;

double rounded(double number) { return std::round(number * 1000) / 1000; }

Json seriesOf(const Series& series) {
  Json points = Json::array();
  for (const SeriesPoint& point : series.points()) {
    points.push_back({{"seconds", rounded(point.seconds)},
                      {"settled", point.settled},
                      {"rssBytes", point.rssBytes},
                      {"fds", point.descriptors},
                      {"workers", point.workers}});
  }
  return points;
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
  const Json json = {{"submitted", report.submitted},
                     {"succeeded", report.succeeded},
                     {"failed", report.failed},
                     {"failedByCause", Json(report.failedByCause)},
                     {"cancelled", report.cancelled},
                     {"rerun", report.pool.rerun},
                     {"lost", report.lost},
                     {"settledTwice", report.settledTwice},
                     {"wrong", report.wrong},
                     {"brokenObjects", report.brokenObjects},
                     {"restarts", report.restarts},
                     {"restartMsP50", rounded(report.restartMsP50)},
                     {"restartMsP99", rounded(report.restartMsP99)},
                     {"restartMsMax", rounded(report.restartMsMax)},
                     {"deaths", report.pool.deaths},
                     {"recycled", report.pool.recycled},
                     {"signalsSent", report.signalsSent},
                     {"fdsBefore", report.before.descriptors},
                     {"fdsAfter", report.after.descriptors},
                     {"zombies", report.left.zombies},
                     {"childrenLeft", report.left.strays},
                     {"rssBytesBefore", report.before.rssBytes},
                     {"rssBytesAfter", report.after.rssBytes},
                     {"series", seriesOf(report.series)},
                     {"seconds", rounded(report.seconds)},
                     {"seed", report.seed},
                     {"end", endName(report.end)},
                     {"ok", wrong.empty()},
                     {"objections", wrong}};
  // What a worker wrote may be any bytes.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace phial::inline v1::cli
