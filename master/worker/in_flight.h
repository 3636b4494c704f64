// The jobs that a worker has been sent and has not answered, and where each stands.
//
// They travel in batches, which are answered in the order in which they were sent. Where a job
// stands is told by its slot on the control page. The worker may write anything there; what is read
// counts only for jobs that it really holds.
#pragma once

#include <phial/master/clock.h>
#include <phial/protocol/control_page.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace phial::detail {

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

  /// `page` is borrowed.
  explicit InFlight(ControlPage& page) : page_(page) {}

  bool empty() const { return batches_.empty(); }
  bool full() const { return batches_.size() == kBatches; }
  /// Jobs that the worker holds: sent, neither answered nor taken back.
  std::size_t held() const { return held_; }
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

  /// Whether the worker holds no job of the batch.
  bool allSettled(std::size_t batch) const;

  /// A job that the worker holds, by its number.
  std::optional<Place> find(std::uint64_t id) const;
  /// The one that it has taken up and not delivered.
  std::optional<Place> running() const;
  /// The first that it holds and has not taken up.
  std::optional<Place> firstWaiting() const;
  /// All that it holds, in order.
  std::vector<std::uint64_t> all() const;

  /// Whether the worker has taken it up.
  bool begun(Place place) const { return slot(place).claimed(job(place).id); }
  /// Whether its result lies in shared memory.
  bool delivered(Place place) const { return slot(place).delivered(job(place).id); }
  /// Whether the worker says that it is at a later job by now.
  bool passed(Place place) const;
  /// True: the worker has not begun it and will not, and does not hold it any more.
  bool takeBack(Place place);

 private:
  JobSlot& slot(Place place) const { return page_.slots[slotNumber(place)]; }
  template <class Predicate>
  std::optional<Place> first(Predicate predicate) const;

  ControlPage& page_;
  std::deque<Batch> batches_;
  std::uint64_t lastNumber_ = 0;
  std::size_t held_ = 0;
};

}  // namespace phial::detail
