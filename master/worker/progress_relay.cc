#include "master/worker/progress_relay.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace phial::inline v1::detail {
namespace {

// The page is the worker's to write.
double believable(double fraction) {
  return std::isnan(fraction) ? 0.0 : std::clamp(fraction, 0.0, 1.0);
}

}  // namespace

ProgressRelay::When ProgressRelay::onBell() {
  if (std::exchange(heard_, true)) return When::later;
  const TimePoint now = clock_.now();
  if (!readAt_ || now - *readAt_ >= kInterval) return When::atOnce;
  timer_ = clock_.callLater(*readAt_ + kInterval - now, read_);
  return When::later;
}

void ProgressRelay::read(WorkerPage& page) {
  heard_ = false;
  readAt_ = clock_.now();
  if (const auto last = page.takeReport()) tell(last->place, last->report);
}

void ProgressRelay::tell(InFlight::Place place, const ProgressReport& report) {
  if (!jobs_.reported(place, report.number)) return;
  owner_.workerProgressed(report.job, believable(report.fraction),
                          std::string(cutText(report.note, kMostNoteBytes)));
}

}  // namespace phial::inline v1::detail
