#include "master/pool/schedule.h"

#include <algorithm>

namespace phial::inline v1::detail {
namespace {

// What a job takes beside its function.
constexpr Duration kLeastJob = std::chrono::nanoseconds(500);
// A job that takes so many times as long as the jobs of its batch should is late.
constexpr int kLateFactor = 4;

}  // namespace

bool BatchPlan::admits(std::optional<Duration> expected, Words words) const {
  if (full()) return false;
  if (jobs_ == 0) return true;
  return expected && work_ + *expected <= mostWork_ &&
         words_.arguments + words.arguments <= kBatchArgumentWords &&
         words_.result + words.result <= kResultRoomWords;
}

void BatchPlan::add(std::optional<Duration> expected, Words words) {
  ++looked_;
  ++jobs_;
  words_.arguments += words.arguments;
  words_.result += words.result;
  if (expected) {
    work_ += *expected;
  } else {
    alone_ = true;
  }
}

std::optional<Duration> Schedule::expectation(const JobEntry& entry) const {
  const JobState* const state = entry.state.get();
  const bool suspect = state != nullptr && state->strikes.any();
  if (entry.placement().at == Placement::At::fresh) return std::nullopt;
  if (entry.job->options().rerun == Rerun::never || suspect) return std::nullopt;
  const auto average = history_.time(entry.job->function());
  if (!average || entry.job->writtenAside()) return std::nullopt;
  if (entry.job->function().gives == Gives::items) return std::nullopt;
  return std::max(*average, kLeastJob);
}

bool Schedule::atCapacity() const {
  const std::size_t busy = roster_.count(WorkerState::busy);
  if (busy < mostWorkers_ || busy - roster_.lent(mostWaiting_) < mostWorkers_) return false;
  return roster_.departing() > 0 || roster_.hasLent();
}

Turn Schedule::nextTurn() {
  using At = Placement::At;
  if (Seat* const seat = nextCalled()) return {seat, placed_.of(seat->number), At::worker};
  if (JobQueue* const children = placed_.deepest()) {
    if (!anyFree()) return {};
    return {&roster_.latestIdle(), children, At::child};
  }
  JobQueue& fresh = placed_.fresh();
  if (!fresh.empty() && freshGoesFirst()) {
    Seat* const seat = atCapacity() ? nullptr : roster_.firstFresh();
    if (seat != nullptr) return {seat, &fresh, At::fresh};
    if (freshNeedsRoom()) return {};
  }
  if (queue_.empty()) return {};
  return {next(), &queue_, At::any};
}

// A worker that is idle and has jobs of its own. Its mark stays until it has got them.
Seat* Schedule::nextCalled() {
  while (const auto worker = placed_.firstMarked()) {
    Seat* const seat = roster_.find(*worker);
    const bool waitedFor = placed_.of(*worker) != nullptr;
    if (seat != nullptr) {
      roster_.setCalled(*seat, waitedFor ? Roster::Called::yes : Roster::Called::no);
      if (waitedFor && seat->load.state == WorkerState::idle) return seat;
    }
    placed_.unmark(*worker);
  }
  return nullptr;
}

// REQUIRES: a job waits for a fresh worker.
bool Schedule::freshGoesFirst() const {
  if (queue_.empty()) return true;
  const JobEntry& fresh = placed_.fresh().front();
  const JobEntry& any = queue_.front();
  const int priority = fresh.job->options().priority;
  const int other = any.job->options().priority;
  return priority != other ? priority > other : fresh.id() < any.id();
}

// The next idle worker is to make room for a fresh one.
bool Schedule::freshNeedsRoom() const {
  return roster_.staying() >= mostWorkers_ &&
         placed_.fresh().size() > roster_.count(WorkerState::starting);
}

Seat* Schedule::next() const {
  if (anyFree()) return &roster_.latestIdle();
  // What is sent in advance to a worker in a place that was lent would run beside the job that has
  // lent it, when that goes on.
  if (prefetch_ == Prefetch::off || roster_.waiting() > 0) return nullptr;
  const auto expected = expectation(queue_.front());
  Seat* const seat = roster_.soonestFillable();
  if (!expected || seat == nullptr) return nullptr;
  const Duration most = longestPrefetch();
  return seat->load.expected <= most && *expected <= most ? seat : nullptr;
}

Duration Schedule::longestPrefetch() const {
  // A worker that is still to be started could have a job of some length sooner.
  if (roster_.staying() < mostWorkers_) return kBatchWork;
  return forManyWorkers(kPrefetchWork, kPrefetchWorkPerWorker, kMostPrefetchWork);
}

Duration Schedule::mostBatchWork() const {
  return forManyWorkers(kBatchWork, kBatchWorkPerWorker, kMostBatchWork);
}

Duration Schedule::forManyWorkers(Duration least, Duration each, Duration most) const {
  const std::size_t busy = roster_.count(WorkerState::busy);
  if (busy <= kManyWorkers || !queue_.onePriority()) return least;
  return std::clamp(static_cast<std::int64_t>(busy - kManyWorkers) * each, least, most);
}

bool Schedule::isLate(const Seat& seat, Duration running) {
  const Load& load = seat.load;
  const bool known = load.next <= load.expected / kLateFactor;
  return running > std::max(known ? load.next * kLateFactor : load.expected, kLookPause);
}

BatchPlan Schedule::plan(const Turn& turn) const {
  const Seat& seat = *turn.seat;
  if (turn.line == Placement::At::fresh) return BatchPlan(1, mostBatchWork());
  if (turn.line == Placement::At::worker) return BatchPlan(kBatchSlots, mostBatchWork());
  const bool counted = seat.idlePlace.is_linked() || seat.fillablePlace.is_linked();
  const std::size_t hands = roster_.withRoom() + (counted ? 0 : 1);
  const std::size_t share = (turn.jobs->size() + hands - 1) / hands;
  const std::uint64_t left = std::max<std::uint64_t>(seat.jobsLeft(), 1);
  return BatchPlan(std::min({share, kBatchSlots, static_cast<std::size_t>(left)}), mostBatchWork());
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

}  // namespace phial::inline v1::detail
