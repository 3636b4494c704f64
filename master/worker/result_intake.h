// Takes in what a worker answers: settles its jobs in the book, and hands each result to the pool.
//
// A result can come in three ways: with the answer to its batch, ahead of it by a message, or
// through shared memory. Whichever way it takes, it is checked here, and crosses from worker to
// pool in one place, once.
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
    LogCapture& output;
  };

  explicit ResultIntake(const Parts& parts) : parts_(parts) {}

  /// If the first event brings a large result, begins to read it aside. Until it is read, its job
  /// counts as running, though nothing that happens to its worker can harm it any more.
  void readAhead();

  /// The results of a batch. Each of its jobs that has not been taken back must be answered now.
  std::string take(Conversation::Answer& answer);
  /// Results ahead of their batch's answer.
  std::string take(Conversation::Delivery& delivery);
  /// All results that lie in shared memory.
  std::string takeDelivered();

 private:
  void beginReading(schema::JobResult::Reader result);
  std::string takeDelivered(std::size_t batch);
  std::string missing() const;
  template <class Results>
  std::string takeAll(Results results);
  void settle(const IncomingResult& incoming);

  Parts parts_;
};

}  // namespace phial::inline v1::detail
