// The events of jobs that are to be told together.
//
// A batch is filled while the pool is at work, and told when it is done: first to those who take
// batches, whole; then to the others, event by event. An observer may destroy the pool, and the
// pool's end tells all that is left. So the batch notes how far it is before each call: the nested
// telling goes on behind the call that is on the stack.
//
// Thread rule: the loop's.
#pragma once

#include <phial/master/detail/job.h>
#include <phial/master/job_event.h>
#include <phial/protocol/failure.h>

#include <cstddef>
#include <deque>
#include <memory>
#include <vector>

#include "master/log/pool_log.h"
#include "master/pool/observers.h"
#include "master/pool/settlement_queue.h"

namespace phial::inline v1::detail {

/// Memory of batches that have been told, for those to come.
class EventMemory {
 public:
  struct Part {
    std::vector<JobEvent> events;
    std::vector<Ref<Job>> jobs;             // hold the functions' names
    std::vector<Ref<CallOptions>> options;  // hold labels and traces
    std::deque<Failure> failures;
    JobReport report;  // the latest, for its strings
  };

  Part take();
  void giveBack(Part part);

 private:
  static constexpr std::size_t kMostKept = 128;

  std::vector<Part> parts_;
};

class EventBatch final : public Notice {
 public:
  /// For those who watch now.
  EventBatch(std::shared_ptr<const WatcherList> list, std::shared_ptr<PoolLog> log,
             std::shared_ptr<EventMemory> memory);
  ~EventBatch() override;

  /// Whether events for these watchers may still be added.
  bool open(const WatcherList* list) const {
    return list == list_.get() && !begun_ && events_.size() < kMost;
  }
  /// Adds an event of this job; the caller fills in what else is known. The reference is valid
  /// until the next call. REQUIRES: open().
  JobEvent& add(JobEvent::Kind kind, const Ref<Job>& job);
  /// For JobEvent::failure of the event that was added last.
  void fail(const Failure& failure);

  bool done() const override { return begun_ && event_ == events_.size(); }
  void tellNext() override;

 private:
  // At most so many events wait for each other: what is told at once stays in the processor's
  // nearest cache. Those who take events one by one get so many in a step: about as long as the
  // Deferreds between two looks at the clock may take.
  static constexpr std::size_t kMost = 32;
  static constexpr std::size_t kAtOnce = 8;

  void tellBatches();

  const std::shared_ptr<const WatcherList> list_;
  const std::shared_ptr<PoolLog> log_;
  const std::shared_ptr<EventMemory> memory_;
  bool singles_ = false;  // somebody takes events one by one
  EventMemory::Part part_;
  std::vector<JobEvent>& events_ = part_.events;
  bool begun_ = false;
  std::size_t event_ = 0;
  std::size_t watcher_ = 0;
};

}  // namespace phial::inline v1::detail
