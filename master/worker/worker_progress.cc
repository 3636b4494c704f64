// What jobs report of their progress, from the control page to the owner.
#include <algorithm>
#include <cmath>
#include <utility>

#include "master/worker/worker_process.h"

namespace phial::detail {
namespace {

// Between two reports of one worker: a person sees no more, and each costs both sides a wake-up.
constexpr Duration kProgressInterval = std::chrono::milliseconds(50);

// The page is the worker's to write.
double believable(double fraction) {
  return std::isnan(fraction) ? 0.0 : std::clamp(fraction, 0.0, 1.0);
}

}  // namespace

// The bell is not cleared before its report is due: until then the worker has no reason to ring.
void WorkerProcess::onBell() {
  if (std::exchange(bellHeard_, true)) return;
  const TimePoint now = env_.clock.now();
  if (progressTold_ && now - *progressTold_ < kProgressInterval) {
    progressTimer_ =
        env_.clock.callLater(*progressTold_ + kProgressInterval - now, [this] { readProgress(); });
    return;
  }
  env_.reactor.callSoon([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self && !self->dead_) self->readProgress();
  });
}

void WorkerProcess::readProgress() {
  bellHeard_ = false;
  progressTold_ = env_.clock.now();
  if (!page_) return;
  if (auto last = page_->takeReport()) tellProgress(last->place, std::move(last->report));
}

void WorkerProcess::tellProgress(InFlight::Place place, ProgressReport report) {
  if (!inFlight_.reported(place, report.number)) return;
  env_.owner.workerProgressed(report.job, believable(report.fraction),
                              std::string(cutText(report.note, kMostNoteBytes)));
}

}  // namespace phial::detail
