// The main loop of a worker process.
//
// Calls arrive inside KJ callbacks and only queue their jobs. The loop takes one job at a time and
// runs it at the top level, so that its function may block or wait as it likes; its result is where
// the master can have it before the loop looks at the next job. There is one thread: a hop to
// another one would cost more than the call (a wake-up is about 50 us here, a call 12 us of CPU).
#pragma once

#include <event2/event.h>
#include <phial/protocol/control_page.h>
#include <phial/protocol/failure.h>
#include <phial/protocol/file_lane.h>
#include <phial/protocol/function_table.h>
#include <phial/protocol/loop_bridge.h>
#include <phial/protocol/message_pipe.h>
#include <phial/protocol/result_memory.h>

#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "worker/batch_queue.h"
#include "worker/busy_wait.h"
#include "worker/exports.h"
#include "worker/job_items.h"
#include "worker/lease_end.h"
#include "worker/parent_link.h"
#include "worker/refused_memory.h"
#include "worker/session.h"
#include "worker/start_request.h"
#include "worker/upkeep.h"

namespace phial::inline v1::detail {

/// What a worker offers: its functions, and after them the methods of the interfaces that it
/// exports.
struct Offer {
  const FunctionTable& functions;
  Exports& exports;
};

class Runtime {
 public:
  /// Takes over the pipes at kRequestFd and kReplyFd and the socket at kFileLaneFd. What `offer`
  /// refers to and `control` are borrowed. `startFailure`, when set, is all that the handshake will
  /// say.
  Runtime(const Offer& offer, const ControlPageMapping& control,
          std::optional<Failure> startFailure);
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  /// Runs jobs until told to stop or until the request pipe ends. Returns the exit status.
  int serve();
  /// Whether serve() has returned because a job closed or replaced a descriptor that the worker
  /// needs. Then nothing of it may be destroyed: what it would close may be somebody else's.
  bool damaged() const { return damaged_; }

  // What the Server asks and tells.
  const Offer& offer() const { return offer_; }
  const std::optional<Failure>& startFailure() const { return startFailure_; }
  /// Notes what the master said of itself.
  void greet(schema::MasterInfo::Reader master);
  void enqueue(std::unique_ptr<Batch> batch) { queue_.push(std::move(batch)); }
  /// Runs the start call before the next job.
  void startWith(std::unique_ptr<StartRequest> request) { start_ = std::move(request); }
  /// Destroys the session of a lease before the next job.
  void endLease(std::unique_ptr<LeaseEnd> request) { leaseEnd_ = std::move(request); }
  /// Ends serve() with `status` once the queue is empty and what was written has left.
  void stop(int status) { stopStatus_ = status; }

 private:
  struct Connection;

  void requestsEnd();
  void runStart();
  std::optional<Failure> callStart(schema::Job::Reader call);
  void runLeaseEnd();
  void runNext();
  bool claim(schema::Job::Reader job);
  FinishedJob runJob(const BatchQueue::Next& next);
  bool handOver(const BatchQueue::Next& next, FinishedJob job);
  void answer(const BatchQueue::Next& next);
  bool leaveInMemory(unsigned slot, const FinishedJob& job);
  FinishedJob::Outcome call(const BatchQueue::Next& next, FinishedJob& timing);
  std::shared_ptr<JobItems> itemsOf(schema::Job::Reader job);
  FinishedJob::Outcome prepareCall(schema::Job::Reader job);
  std::unique_ptr<PreparedCall> prepare(schema::Job::Reader job);
  void requireFits(std::uint64_t bytes) const;
  void pushOut();
  void look();
  void lose(int descriptor);
  void waitForJob();
  void waitForEvent();
  // As event_base_loop(); a loop that cannot wait any more ends serve().
  void turnLoop(int flags);
  bool anythingToDo() const {
    return start_ || leaseEnd_ || !queue_.empty() || stopStatus_ || requestsEnded_;
  }

  const Offer offer_;
  ControlPage& page_;
  ResultMemory& memory_;
  ResultWriter results_;
  const std::optional<Failure> startFailure_;
  std::uint64_t maxMessageBytes_;
  BusyWait busyWait_;
  std::optional<int> stopStatus_;
  bool requestsEnded_ = false;
  bool damaged_ = false;  // a descriptor is not the worker's own any more
  std::unique_ptr<StartRequest> start_;
  std::unique_ptr<LeaseEnd> leaseEnd_;
  Session session_;
  BatchQueue queue_;
  // The batch whose answer the end of the requests has cut off. What is left of the answer refers
  // to the batch's result.
  std::unique_ptr<Batch> cutOff_;
  const std::vector<int> openBefore_;
  std::unique_ptr<event_base, decltype(&event_base_free)> base_;
  LoopBridge bridge_;
  ParentLink parent_{bridge_};
  RefusedMemory refused_;
  FileLane files_;
  std::unique_ptr<Connection> connection_;
  const std::vector<int> needed_;
  Upkeep upkeep_;
};

}  // namespace phial::inline v1::detail
