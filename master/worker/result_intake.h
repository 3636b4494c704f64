// Takes in what a worker answers: settles its jobs in the book, and hands each result to the pool.
//
// The results of a batch lie in shared memory, from the first job on. The answer to the batch
// brings the result that found no room there, or that of a lone job. Each result is checked here,
// and crosses from worker to pool in one place, once. A batch ends with the result in its answer:
// the jobs that the worker has not begun by then go back to the pool.
//
// What a worker says may be wrong. Each take() returns what is, in words for a certificate, or an
// empty text. The results before the fault have been handed over then.
//
// Thread rule: the loop's. Calls the owner "for the books only" (pool_worker.h).
#pragma once

#include <string>

#include "master/worker/conversation.h"
#include "master/worker/give_ups.h"
#include "master/worker/in_flight.h"
#include "master/worker/incoming_results.h"
#include "master/worker/item_channel.h"
#include "master/worker/log_capture.h"
#include "master/worker/pool_worker.h"
#include "master/worker/progress_relay.h"
#include "master/worker/worker_page.h"

namespace phial::inline v1::detail {

class ResultIntake {
 public:
  /// All are borrowed.
  struct Parts {
    PoolWorker& worker;
    PoolWorker::Owner& owner;
    InFlight& jobs;
    WorkerPage& page;
    Conversation& conversation;
    GiveUps& giveUps;
    ProgressRelay& progress;
    ItemChannel& items;
    LogCapture& output;
  };

  explicit ResultIntake(const Parts& parts) : parts_(parts) {}

  /// If the first event brings a large result, begins to read it aside. Until it is read, its job
  /// counts as running, though nothing that happens to its worker can harm it any more.
  void readAhead();

  /// The end of the oldest batch. Each of its jobs that has begun must have a result now; the other
  /// jobs go back to the pool.
  std::string take(Conversation::Answer& answer);
  /// All results that lie in shared memory.
  std::string takeDelivered();

 private:
  void beginReading(schema::JobResult::Reader result);
  std::string takeDelivered(std::size_t batch);
  std::string takeBackRest(bool answerHasResult);
  template <class Results>
  std::string takeAll(Results results);
  void settle(const IncomingResult& incoming);
  ResultFiles filesOf(schema::JobResult::Reader result);

  Parts parts_;
};

}  // namespace phial::inline v1::detail
