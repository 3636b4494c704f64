// The conversation with one worker: what it is told, what it says, and what is read aside.
//
// What the worker says arrives inside KJ's callbacks, where nothing of the pool's may be called. So
// each word becomes an event in a queue, and `onEvents` is called from the loop, outside KJ. Events
// are taken in the order of their arrival.
//
// Two things take too long for the loop. A large result is read aside while its event stays the
// first of the queue. Large arguments are written aside before they are sent; the worker holds no
// other job meanwhile.
//
// Life: from the spawn to the worker's death is known and all that it said is handled. Destroying a
// Conversation drops what is read and written aside, closes the pipes, and drops the events.
//
// Thread rule: the loop's.
#pragma once

#include <phial/protocol/failure.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>

#include "master/worker/in_flight.h"
#include "master/worker/pipe_drain.h"
#include "master/worker/pool_worker.h"
#include "master/worker/steps.h"
#include "master/worker/worker_environment.h"
#include "master/worker/worker_link.h"

namespace phial::inline v1::detail {

class Conversation final : private WorkerLink::Listener {
 public:
  using Greeting = WorkerLink::Greeting;
  using Started = WorkerLink::Started;
  /// To a batch.
  struct Answer {
    std::uint64_t batch;
    WorkerLink::Answer message;
  };
  /// The worker did what no worker of ours does.
  struct Nonsense {
    std::string what;
  };
  /// The answer to endLease().
  struct LeaseEnded {
    std::uint64_t lease;
  };
  struct Disconnected {};
  using Event = std::variant<Greeting, Started, Answer, LeaseEnded, Nonsense, Disconnected>;

  struct Callbacks {
    /// An event has come into an empty queue, or the first event's result has been read. Called
    /// from the loop, also after the end of the Conversation.
    std::function<void()> onEvents;
    /// The arguments that startWriting() was given are written. As onEvents.
    std::function<void()> onWritten;
    /// parent() has something to take. As onEvents.
    std::function<void()> onParentNews;
    /// A job has reported progress. Called inside KJ.
    std::function<void()> onBell;
  };

  /// `environment` is borrowed. Takes over the pipes; `requestReadEnd` is kept open as long as the
  /// requests are.
  Conversation(const WorkerEnvironment& environment, WorkerLink::Channels channels,
               kj::AutoCloseFd requestReadEnd, Callbacks callbacks);

  // To the worker.

  /// The handshake; the worker's number in its pool.
  void greet(std::uint64_t number);
  /// As WorkerLink::start().
  void start(const StartCall& call, std::uint32_t function) { link_.start(call, function); }
  /// As WorkerLink::run().
  bool run(std::span<Outgoing> jobs, std::uint64_t batch, unsigned firstSlot) {
    return link_.run(jobs, batch, firstSlot);
  }
  /// Begins to write the arguments of a job, which is to be the batch of this number.
  void startWriting(Outgoing& outgoing, std::uint64_t batch);
  /// True until sendWritten() or dropWritten().
  bool isWriting() const { return writing_.has_value(); }
  /// The job of which the arguments are being written, or have been. REQUIRES: isWriting().
  std::uint64_t writtenJob() const { return writing_->job; }
  /// If this job's arguments are being written: nobody wants them any more.
  void stopWriting(std::uint64_t job);
  /// Sends the job whose arguments have been written. Returns why it cannot be sent, if so.
  std::optional<Failure> sendWritten(const InFlight& jobs, InFlight::Place place);
  void dropWritten() { writing_.reset(); }
  /// As WorkerLink::endLease().
  void endLease(std::uint64_t lease) { link_.endLease(lease); }
  /// As WorkerLink::ring().
  void ring() { link_.ring(); }
  /// Asks the worker to exit when it has answered what was sent.
  void shutDown() { link_.shutdown(); }

  // From the worker.

  bool hasEvent() const { return !events_.empty(); }
  /// The first event is the only one that a result can be read for. REQUIRES: hasEvent().
  Event& first() { return events_.front(); }
  /// Takes the first event out of the queue. Its reading stays until endReading().
  Event take();
  /// Reads the result of this job, which is in the first event, aside; then calls onEvents.
  void readAside(std::uint64_t job, std::shared_ptr<ResultReading> reading);
  /// True if the first event has a reading, and it is under way.
  bool isReading() const { return reading_ && reading_->steps.active(); }
  /// True if readAside() was called for the first event.
  bool hasReading() const { return reading_.has_value(); }
  /// What has read the result of this job; null if nothing has, or if it was stopped.
  ResultReading* readingOf(std::uint64_t job) const;
  /// True if the result of this job is being read; then the reading is stopped.
  bool stopReading(std::uint64_t job);
  void endReading() { reading_.reset(); }
  /// For the files that belong to results.
  FileLane& files() { return link_.files(); }

  /// What jobs have called, and how they wait.
  ParentService& parent() { return link_.parent(); }
  /// As parent(), for onParentNews: what comes from here on is news again.
  ParentService& takeParentNews() {
    parentNews_ = false;
    return link_.parent();
  }

  /// What there is to be read and handled.
  PipeDrain::Sees sees() const;
  const WorkerLink& link() const { return link_; }

 private:
  // The result in the first event, while it is being read aside.
  struct Reading {
    std::uint64_t job;
    std::shared_ptr<ResultReading> result;
    Steps steps;
  };
  // The job that the worker was sent last, while its arguments are being written.
  struct Writing {
    std::uint64_t job;
    std::uint32_t function;
    std::uint64_t batch;
    std::uint64_t lease;
    std::string trace;
    bool timed;
    std::shared_ptr<ArgumentWriting> arguments;
    Steps steps;
  };

  void onGreeting(WorkerLink::Greeting greeting) override { note(kj::mv(greeting)); }
  void onStarted(WorkerLink::Started answer) override { note(kj::mv(answer)); }
  void onAnswer(std::uint64_t batch, WorkerLink::Answer answer) override {
    note(Answer{batch, kj::mv(answer)});
  }
  void onLeaseEnded(std::uint64_t lease) override { note(LeaseEnded{lease}); }
  void onParentNews() override {
    if (!std::exchange(parentNews_, true)) env_.reactor.callSoon(callbacks_.onParentNews);
  }
  void onBell() override { callbacks_.onBell(); }
  void onNonsense(std::string what) override { note(Nonsense{std::move(what)}); }
  void onDisconnect() override { note(Disconnected{}); }
  void note(Event event);

  const WorkerEnvironment& env_;
  const Callbacks callbacks_;
  const kj::AutoCloseFd requestReadEnd_;
  // The link goes before the events, and what is read and written aside before both.
  std::deque<Event> events_;
  bool parentNews_ = false;  // and onParentNews is to be called
  WorkerLink link_;
  std::optional<Reading> reading_;
  std::optional<Writing> writing_;
};

}  // namespace phial::inline v1::detail
