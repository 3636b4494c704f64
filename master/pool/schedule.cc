#include "master/pool/schedule.h"

#include <phial/protocol/control_page.h>

#include <algorithm>

namespace phial::detail {
namespace {

// What a job takes beside its function.
constexpr Duration kLeastJob = std::chrono::nanoseconds(500);

}  // namespace

bool BatchPlan::admits(std::optional<Duration> expected, std::uint64_t words) const {
  if (full()) return false;
  if (jobs_ == 0) return true;
  return expected && work_ + *expected <= kBatchWork && words_ + words <= kBatchArgumentWords;
}

void BatchPlan::add(std::optional<Duration> expected, std::uint64_t words) {
  ++looked_;
  ++jobs_;
  words_ += words;
  if (expected) {
    work_ += *expected;
  } else {
    alone_ = true;
  }
}

std::optional<Duration> Schedule::expectation(const JobEntry& entry) const {
  const JobCourse* const course = entry.course.get();
  const bool suspect = course != nullptr && course->strikes.any();
  if (entry.job->options().rerun == Rerun::never || suspect) return std::nullopt;
  const auto average = times_.of(entry.job->function());
  if (!average || entry.job->writtenAside()) return std::nullopt;
  return std::max(*average, kLeastJob);
}

bool Schedule::atCapacity() const {
  return roster_.departing() > 0 && roster_.count(WorkerState::busy) >= mostWorkers_;
}

Seat* Schedule::next() const {
  if (anyFree()) return &roster_.latestIdle();
  const auto expected = expectation(queue_.front());
  Seat* const seat = roster_.soonestFillable();
  if (!expected || seat == nullptr) return nullptr;
  // A worker that is still to be started could have a job of some length sooner.
  const Duration most = roster_.staying() < mostWorkers_ ? kBatchWork : kPrefetchWork;
  return seat->load.expected <= most && *expected <= most ? seat : nullptr;
}

bool Schedule::isLate(const Seat& seat, Duration running) {
  return running > std::max(seat.load.expected, kLookPause);
}

BatchPlan Schedule::plan(const Seat& seat) const {
  const bool counted = seat.idlePlace.is_linked() || seat.fillablePlace.is_linked();
  const std::size_t hands = roster_.withRoom() + (counted ? 0 : 1);
  const std::size_t share = (queue_.size() + hands - 1) / hands;
  const std::uint64_t left = std::max<std::uint64_t>(seat.jobsLeft(), 1);
  return BatchPlan(std::min({share, kBatchSlots, static_cast<std::size_t>(left)}));
}

std::optional<TimePoint> Schedule::nextLook(TimePoint now) const {
  const Seat* const first = roster_.firstCrowded();
  if (first == nullptr) return std::nullopt;
  // An idle worker does not wait for a crowded one to be late.
  if (takers() > 0 && spares(*roster_.lastCrowded())) {
    return std::min(first->lookAt, now + kLookPause);
  }
  return first->lookAt;
}

Seat* Schedule::dueForLook(TimePoint now) const {
  Seat* const first = roster_.firstCrowded();
  return first != nullptr && first->lookAt <= now ? first : nullptr;
}

std::size_t Schedule::takers() const {
  return queue_.empty() && !atCapacity() ? roster_.idle() : 0;
}

}  // namespace phial::detail
