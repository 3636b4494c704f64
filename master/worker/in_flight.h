// The book of the jobs that a worker has been sent and has not answered.
//
// Jobs travel in batches, and the worker answers batches in the order in which they were sent. Each
// job of a batch has a slot on the control page. InFlight says which slot that is, but it does not
// read the page: where the worker is with a job is for WorkerPage to say (worker_page.h).
//
// Thread rule: the loop's.
#pragma once

#include <phial/master/clock.h>
#include <phial/protocol/control_page.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace phial::inline v1::detail {

class InFlight {
 public:
  enum class Held { byWorker, byPool, answered };

  struct Job {
    std::uint64_t id;
    std::uint32_t function;  // the worker's index
    std::string label;
    Held held = Held::byWorker;
    std::uint64_t lastReport = 0;  // the number of the report of progress that was told last
  };

  struct Batch {
    std::uint64_t number;  // from 1
    unsigned firstSlot;
    TimePoint sentAt;        // on the pool's clock
    std::int64_t sentNanos;  // on the control page's
    Duration expected;       // how long all of it should take; max when that is not known
    std::vector<Job> jobs;
  };

  /// Where a job is found, until the next change.
  struct Place {
    std::size_t batch;
    std::size_t index;
  };

  bool empty() const { return batches_.empty(); }
  bool full() const { return batches_.size() == kBatches; }
  /// Jobs that the worker holds: sent, neither answered nor taken back.
  std::size_t held() const { return held_; }
  /// Jobs that the worker has answered in its life.
  std::uint64_t answered() const { return answered_; }
  /// How long all the batches should take; max when that is not known.
  Duration expected() const;
  /// How long each job of the oldest batch should take; max when that is not known. REQUIRES: not
  /// empty().
  Duration meanOfOldest() const;

  /// The number of the next batch, and the slot of its first job. REQUIRES: not full().
  std::uint64_t nextNumber() const { return lastNumber_ + 1; }
  unsigned nextSlot() const;
  /// Notes what has been sent, as that batch.
  void add(std::vector<Job> jobs, TimePoint sentAt, Duration expected);

  /// Oldest first.
  const std::deque<Batch>& batches() const { return batches_; }
  /// The oldest has been answered.
  void popFront();

  const Batch& batch(Place place) const { return batches_[place.batch]; }
  const Job& job(Place place) const { return batches_[place.batch].jobs[place.index]; }
  unsigned slotNumber(Place place) const {
    return batches_[place.batch].firstSlot + static_cast<unsigned>(place.index);
  }
  /// Notes that this report of a job's progress is about to be told. False: it has been.
  bool reported(Place place, std::uint64_t report);
  /// From here on the worker does not hold it.
  void settle(Place place, Held held);
  /// The time of this job is up: it stays in the book until the worker's end, and an answer to it
  /// does not count. The first job for which this is said stays the one.
  void expire(std::uint64_t id);
  /// True if expire() was said of this job.
  bool expired(std::uint64_t id) const { return expired_ == id && id != 0; }
  /// True if the worker holds a job that has expired.
  bool holdsExpired() const { return expired_ != 0 && find(expired_); }

  /// Whether the worker holds no job of the batch.
  bool allSettled(std::size_t batch) const;

  /// A job that the worker holds, by its number.
  std::optional<Place> find(std::uint64_t id) const;
  /// The first job that the worker holds and that `predicate(Place)` is true of.
  template <class Predicate>
  std::optional<Place> firstHeld(Predicate predicate) const;
  /// All that it holds, in order.
  std::vector<std::uint64_t> all() const;
  /// True if the job of this number was sent after the one at `place`. Also of a later job that has
  /// been answered since, or taken back.
  bool sentAfter(Place place, std::uint64_t id) const;

 private:
  std::deque<Batch> batches_;
  std::uint64_t lastNumber_ = 0;
  std::size_t held_ = 0;
  std::uint64_t answered_ = 0;
  std::uint64_t expired_ = 0;  // 0: none
};

template <class Predicate>
std::optional<InFlight::Place> InFlight::firstHeld(Predicate predicate) const {
  for (Place place{0, 0}; place.batch < batches_.size(); ++place.batch) {
    const auto& jobs = batches_[place.batch].jobs;
    for (place.index = 0; place.index < jobs.size(); ++place.index) {
      if (jobs[place.index].held == Held::byWorker && predicate(place)) return place;
    }
  }
  return std::nullopt;
}

}  // namespace phial::inline v1::detail
