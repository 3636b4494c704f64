#include "master/worker/in_flight.h"

#include <algorithm>
#include <utility>

namespace phial::inline v1::detail {

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
  answered_ += held == Held::answered ? 1 : 0;
  job.held = held;
}

void InFlight::expire(std::uint64_t id) {
  if (expired_ == 0) expired_ = id;
}

bool InFlight::allSettled(std::size_t batch) const {
  const auto& jobs = batches_[batch].jobs;
  return std::none_of(jobs.begin(), jobs.end(),
                      [](const Job& job) { return job.held == Held::byWorker; });
}

std::optional<InFlight::Place> InFlight::find(std::uint64_t id) const {
  return firstHeld([&](Place place) { return job(place).id == id; });
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

bool InFlight::sentAfter(Place place, std::uint64_t id) const {
  for (Place at = place; at.batch < batches_.size(); ++at.batch, at.index = 0) {
    const auto& jobs = batches_[at.batch].jobs;
    for (; at.index < jobs.size(); ++at.index) {
      const bool later = at.batch > place.batch || at.index > place.index;
      if (later && jobs[at.index].id == id) return true;
    }
  }
  return false;
}

}  // namespace phial::inline v1::detail
