// What a pool asks of a worker, and what a worker tells its pool.
//
// WorkerProcess is the real one: a child process behind pipes. Tests of the pool's decisions use a
// worker without a process. A pool makes its workers by a WorkerFactory and knows nothing else of
// them.
//
//   starting --ready--> idle <--run/last answer--> busy
//      |                  |                          |
//      +---------+--------+---- retire/end/exit -----+
//                v
//             ending --> gone (workerDied)
//
// Thread rule: the loop's.
#pragma once

#include <phial/master/death_certificate.h>
#include <phial/master/detail/job.h>
#include <phial/master/detail/result_reading.h>
#include <phial/master/pool_options.h>
#include <phial/protocol/failure.h>
#include <phial/schema/worker.capnp.h>

#include <kj/io.h>

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "master/worker/child_call.h"

namespace phial::inline v1::detail {

class ObjectBoundary;

/// A job on its way to a worker.
struct Outgoing {
  const Job* job;
  std::uint32_t function;  // the worker's index
  std::uint64_t argumentWords;
  std::optional<Failure> failure = std::nullopt;       // why it has not been sent
  std::unique_ptr<ArgumentWriting> writing = nullptr;  // set if it is written aside
  std::uint64_t lease = 0;                             // which it belongs to; 0: none
  ObjectBoundary* boundary = nullptr;  // the worker's; set if the job calls a method
  bool timed = false;                  // decoding and encoding are to be measured
};

/// The files that belong to a result, in the order in which the result refers to them.
struct ResultFiles {
  std::vector<kj::AutoCloseFd> files;
  std::exception_ptr missing;  // why they did not come; null when they did
};

/// The end of a job by a worker's account. Borrowed for the time of the call that brings it.
struct JobAnswer {
  schema::JobResult::Reader result;
  ResultReading* reading;  // has read the result, or null
  ResultFiles& files;      // whoever reads the result takes them
};

/// What a worker holds.
struct Load {
  WorkerState state = WorkerState::starting;
  /// Jobs that the worker was sent and that it has neither answered nor been relieved of.
  std::size_t held = 0;
  /// Whether the worker can be sent a batch now: it is idle, or at work on its only batch.
  bool room = false;
  /// How long all batches that it holds should take; Duration::max() when that is not known.
  Duration expected{};
  /// How long the next job to end should take: the mean of the oldest batch; Duration::max() when
  /// that is not known.
  Duration next{};
  /// Jobs that the worker has been given in its life, those that it holds included.
  std::uint64_t given = 0;

  bool operator==(const Load&) const = default;
};

class PoolWorker {
 public:
  /// Whom a worker reports to. Calls that are "for the books only" are made while the worker is in
  /// the middle of something: they call no user code and destroy no worker. Every other call is the
  /// last thing that the worker does in its turn.
  class Owner {
   public:
    virtual void workerReady(PoolWorker& worker) = 0;
    /// load() has changed. For the books only.
    virtual void workerChanged(PoolWorker& worker) = 0;
    /// The result of a job has arrived, whole. Returns what is to be read in slices before the
    /// worker reports it by jobAnswered(), or null. For the books only.
    virtual std::unique_ptr<ResultReading> jobArrived(schema::JobResult::Reader result) = 0;
    /// A job that the worker was sent has ended. For the books only.
    virtual void jobAnswered(PoolWorker& worker, const JobAnswer& answer) = 0;
    /// Jobs have been answered, and perhaps a whole batch: then there is room for the next, or the
    /// worker is idle.
    virtual void workerAnswered(PoolWorker& worker) = 0;
    /// The worker does not hold these jobs any more, and has not begun them: it is ended because of
    /// another job, or a result has ended their batch. In order. For the books only.
    virtual void workerGaveBack(PoolWorker& worker, const std::vector<std::uint64_t>& jobs) = 0;
    /// The worker does without something that the system refuses it: `what` says so.
    virtual void workerLacks(const std::string& what) = 0;
    /// A job that the worker holds has reported a fraction from 0 to 1 and a note of any bytes. For
    /// the books only. Comes before the job's jobAnswered() or the worker's workerDied().
    virtual void workerProgressed(std::uint64_t job, double fraction, std::string note) = 0;
    /// The arguments of a job cannot be written, and the worker does not hold the job any more.
    /// workerAnswered() follows.
    virtual void jobUnwritable(std::uint64_t job, Failure failure) = 0;
    /// The answer to endLease().
    virtual void workerEndedLease(PoolWorker&, std::uint64_t) {}
    /// A job, by the worker's account one that it runs, calls a function. For the books only.
    virtual void workerCalled(PoolWorker&, std::shared_ptr<ChildCall>) {}
    /// The worker does not want the answer to this call of a job's any more. For the books only.
    virtual void workerTookCallBack(PoolWorker&, std::uint64_t, std::uint64_t) {}
    /// A job does nothing but wait; null: it does not any more. For the books only.
    virtual void workerWaits(PoolWorker&, const JobWait*) {}
    /// Once; the worker is done with. What it left unanswered is still in heldJobs(). The owner
    /// keeps the worker until this call has returned.
    virtual void workerDied(PoolWorker& worker, DeathCertificate certificate) = 0;

   protected:
    ~Owner() = default;
  };

  virtual ~PoolWorker() = default;

  virtual std::uint64_t number() const = 0;
  virtual Load load() const = 0;
  virtual WorkerStatus status() const = 0;

  /// Begins its life. A failure to do so is reported as its death, from the loop. A text: the
  /// system is short of what the text says; nothing is left of the try, nothing will be reported,
  /// and the owner drops the worker.
  virtual std::optional<std::string> start() = 0;
  /// Whether its unexpected end is known, and the owner has yet to be told.
  virtual bool verdictPending() const = 0;

  /// The wire index of a function. Throws UnknownFunction, which lists what there is, or
  /// EncodingError when only the signature differs.
  virtual std::uint32_t find(FunctionName function) const = 0;
  /// Sends `jobs` as one batch that should take so long; Duration::max() when that is not known. A
  /// job that cannot be written gets its failure and is not sent. A job that is written aside
  /// counts as sent from here on. REQUIRES: load().room; idle, and one job alone, if it is written
  /// aside.
  virtual void run(std::span<Outgoing> jobs, Duration expected) = 0;

  /// The jobs that it holds, in the order in which they were sent.
  virtual std::vector<std::uint64_t> heldJobs() const = 0;

  // Of a job that it holds.

  /// Whether the worker has taken it up.
  virtual bool jobBegun(std::uint64_t job) const = 0;
  /// When it entered its function: the time since run(), as far as the worker can be believed;
  /// nothing while it has not, or has ended since.
  virtual std::optional<Duration> startDelay(std::uint64_t job) const = 0;
  /// The element that a job of a map is at, counted from 1, and when it was begun, in the same
  /// terms; nothing while it is at none, or where it does not note the time.
  struct AtElement {
    std::uint64_t number;
    Duration startDelay;
  };
  virtual std::optional<AtElement> atElement(std::uint64_t job) const = 0;
  /// Whether its function has returned, by the worker's account. The answer may still lie unread
  /// when something has held up the loop.
  virtual bool jobReturned(std::uint64_t job) const = 0;
  /// True: the job has not begun and will not, and the worker does not hold it any more.
  virtual bool takeBack(std::uint64_t job) = 0;
  /// Raises the cancel word for it; ends the worker, for `cause`, when the job still runs `grace`
  /// later. When it is asked twice for one job, the first time counts. With an `element`, as
  /// AtElement counts them, only that element is to give up: the job goes on to the next.
  virtual void giveUp(std::uint64_t job, DeathCause cause, std::string detail,
                      std::uint64_t element = 0) = 0;
  /// Raises the cancel word for it, and lets the job end by itself; ends the worker only when the
  /// job runs for longer than `timeout`, if there is one.
  virtual void letFinish(std::uint64_t job, std::optional<Duration> timeout) = 0;
  /// What timeOut() does about a job whose function has returned, by the worker's account.
  enum class IfReturned { wait, end };
  /// Ends the worker because this job has run for too long: what it may still answer comes too
  /// late. False: the worker must not be ended now, because it has ended by itself, goes on with
  /// another job, or is held by a debugger that is waited for.
  virtual bool timeOut(std::uint64_t job, std::string detail, IfReturned ifReturned) = 0;

  /// Reports what it has delivered ahead of its answers, by jobAnswered().
  virtual void collect() = 0;
  /// Resident memory now; nothing when the system does not show it.
  virtual std::optional<std::uint64_t> residentBytes() = 0;
  /// For how long the job that it runs has been in its function; nothing when none is.
  virtual std::optional<Duration> runningFor() const = 0;
  /// Takes back up to `most` of the jobs that it has not begun, the last ones. Returns them in
  /// order.
  virtual std::vector<std::uint64_t> takeBackLast(std::size_t most) = 0;

  /// The job that waits is to wait no longer. `text` is for an error. Does nothing when none waits.
  virtual void endWait(JobWaitEnd, const std::string&) {}

  /// Has it destroy what the jobs of this lease have kept in their session. It is ended when it
  /// does not do so within PoolOptions::startTimeout. REQUIRES: idle.
  virtual void endLease(std::uint64_t lease) = 0;
  /// Lets it exit in order; SIGKILL after `grace`. REQUIRES: idle.
  virtual void retire(DeathCause cause) = 0;
  /// Ends it by `signal` to its process group; SIGKILL after `grace`.
  virtual void end(DeathCause cause, int signal, std::string detail = {}) = 0;
  /// Kills and reaps it here and now, without a word to the owner.
  virtual void abandon() = 0;
};

/// Makes workers. The pool keeps what a factory needs for longer than the workers.
class WorkerFactory {
 public:
  /// Makes the worker of this number, which reports to `owner`.
  using Make =
      std::function<std::shared_ptr<PoolWorker>(PoolWorker::Owner& owner, std::uint64_t number)>;

  WorkerFactory() = default;
  template <class F>
    requires(!std::is_same_v<F, WorkerFactory> &&
             std::is_invocable_v<F&, PoolWorker::Owner&, std::uint64_t>)
  WorkerFactory(F make) : make_(std::move(make)) {}  // NOLINT(google-explicit-constructor)
  /// `renew` and `close` stand for what is kept beside the workers: see below.
  WorkerFactory(Make make, std::function<void()> renew, std::function<void()> close)
      : make_(std::move(make)), renew_(std::move(renew)), close_(std::move(close)) {}

  explicit operator bool() const { return make_ != nullptr; }
  std::shared_ptr<PoolWorker> operator()(PoolWorker::Owner& owner, std::uint64_t number) const {
    return make_(owner, number);
  }
  /// The workers' program may have changed: those that are made from now on are to be new.
  void renew() const {
    if (renew_) renew_();
  }
  /// No worker will be made any more.
  void close() const {
    if (close_) close_();
  }

 private:
  Make make_;
  std::function<void()> renew_;
  std::function<void()> close_;
};

}  // namespace phial::inline v1::detail
