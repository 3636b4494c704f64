#include "master/worker/in_flight.h"

#include <algorithm>
#include <utility>

namespace phial::detail {

Duration InFlight::expected() const {
  Duration sum{};
  for (const auto& batch : batches_) {
    if (batch.expected == Duration::max()) return Duration::max();
    sum += batch.expected;
  }
  return sum;
}

Duration InFlight::meanOfOldest() const {
  const Batch& oldest = batches_.front();
  if (oldest.expected == Duration::max()) return oldest.expected;
  return oldest.expected / static_cast<std::int64_t>(oldest.jobs.size());
}

unsigned InFlight::nextSlot() const {
  const bool firstTaken = !batches_.empty() && batches_.front().firstSlot == 0;
  return firstTaken ? kBatchSlots : 0;
}

void InFlight::add(std::vector<Job> jobs, TimePoint sentAt, Duration expected) {
  for (const auto& job : jobs) held_ += job.held == Held::byWorker ? 1 : 0;
  const unsigned firstSlot = nextSlot();
  batches_.push_back(Batch{.number = ++lastNumber_,
                           .firstSlot = firstSlot,
                           .sentAt = sentAt,
                           .sentNanos = controlPageNanos(),
                           .expected = expected,
                           .jobs = std::move(jobs)});
}

void InFlight::popFront() {
  for (const auto& job : batches_.front().jobs) held_ -= job.held == Held::byWorker ? 1 : 0;
  batches_.pop_front();
}

bool InFlight::reported(Place place, std::uint64_t report) {
  Job& job = batches_[place.batch].jobs[place.index];
  if (report <= job.lastReport) return false;
  job.lastReport = report;
  return true;
}

void InFlight::settle(Place place, Held held) {
  Job& job = batches_[place.batch].jobs[place.index];
  held_ -= job.held == Held::byWorker ? 1 : 0;
  job.held = held;
}

bool InFlight::allSettled(std::size_t batch) const {
  const auto& jobs = batches_[batch].jobs;
  return std::none_of(jobs.begin(), jobs.end(),
                      [](const Job& job) { return job.held == Held::byWorker; });
}

// The first that the worker holds and that `predicate` is true of.
template <class Predicate>
std::optional<InFlight::Place> InFlight::first(Predicate predicate) const {
  for (Place place{0, 0}; place.batch < batches_.size(); ++place.batch) {
    const auto& jobs = batches_[place.batch].jobs;
    for (place.index = 0; place.index < jobs.size(); ++place.index) {
      if (jobs[place.index].held == Held::byWorker && predicate(place)) return place;
    }
  }
  return std::nullopt;
}

std::optional<InFlight::Place> InFlight::find(std::uint64_t id) const {
  return first([&](Place place) { return job(place).id == id; });
}

std::optional<InFlight::Place> InFlight::running() const {
  const auto isRunning = [this](Place place) { return begun(place) && !delivered(place); };
  const auto named = find(page_.job.load(std::memory_order_acquire));
  if (named && isRunning(*named)) return named;
  // It has taken one up, and has yet to name it.
  return first(isRunning);
}

std::optional<InFlight::Place> InFlight::firstWaiting() const {
  return first([this](Place place) { return !begun(place); });
}

std::vector<std::uint64_t> InFlight::all() const {
  std::vector<std::uint64_t> ids;
  for (const auto& batch : batches_) {
    for (const auto& job : batch.jobs) {
      if (job.held == Held::byWorker) ids.push_back(job.id);
    }
  }
  return ids;
}

bool InFlight::passed(Place place) const {
  const auto named = page_.job.load(std::memory_order_acquire);
  // Also one that has been answered since, or taken back.
  for (Place at = place; at.batch < batches_.size(); ++at.batch, at.index = 0) {
    const auto& jobs = batches_[at.batch].jobs;
    for (; at.index < jobs.size(); ++at.index) {
      const bool later = at.batch > place.batch || at.index > place.index;
      if (later && jobs[at.index].id == named) return true;
    }
  }
  return false;
}

bool InFlight::takeBack(Place place) {
  if (!slot(place).withdraw(job(place).id)) return false;
  settle(place, Held::byPool);
  return true;
}

}  // namespace phial::detail
