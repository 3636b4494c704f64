// A worker without a process: it does what a test tells it to, at the moment when the test says so,
// and keeps what its pool has asked of it.
//
// It obeys the rules of PoolWorker: jobs are begun and answered in order, what has begun is not
// given back, and a batch is over when all its jobs are.
#pragma once

#include <phial/master/clock.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "master/worker/pool_worker.h"

namespace phial::detail {

class FakeWorker final : public PoolWorker {
 public:
  /// What the system lacks when a worker is to be started; shared by the workers of a test.
  struct World {
    Clock& clock;
    std::optional<std::string> shortage = std::nullopt;
  };

  /// `owner` and `world` are borrowed.
  FakeWorker(Owner& owner, World& world, std::uint64_t number)
      : owner_(owner), world_(world), number_(number) {}

  // What the test lets it do. Each is a turn of its own, as the worker's events are.

  void getReady();
  /// Takes up the first job that it has not begun.
  void beginNext();
  /// Ends the first job that it holds, with nothing as its result, after the function has run for
  /// `run` by its account. Begins the job first, if need be.
  void answerNext(Duration run = Duration(1));
  /// The same for all jobs.
  void answerAll(Duration run = Duration(1));
  /// Answers batches of which it was relieved of every job.
  void answerEmptied();
  /// Ends by itself: the job that it had begun, or else the first that it holds, is blamed.
  void crash(ExitStatus status = Signalled{SIGSEGV});
  /// Ends before it was ready.
  void failToStart();
  /// Destroys the session, as it was told to.
  void endLeaseNow() { owner_.workerEndedLease(*this, std::exchange(endedLease_, 0)); }
  /// Ends as the pool has told it to. REQUIRES: state() is ending.
  void finishEnding();
  /// A job that it runs makes a call, takes one back, waits or does not any more.
  void call(std::shared_ptr<ChildCall> call) { owner_.workerCalled(*this, std::move(call)); }
  void takeCallBack(const ChildCall& call) {
    owner_.workerTookCallBack(*this, call.job, call.number);
  }
  void wait(const JobWait* wait) { owner_.workerWaits(*this, wait); }
  /// Does not give up the job that it was asked to give up, and is ended for it.
  void refuseToGiveUp();

  // What the pool has asked of it.

  WorkerState state() const { return state_; }
  /// The lease whose session it is to destroy; 0: none.
  std::uint64_t toldToEndLease() const { return endedLease_; }
  const std::optional<DeathCause>& toldToEnd() const { return cause_; }
  std::size_t batches() const { return batches_.size(); }
  struct GiveUp {
    std::uint64_t job;
    DeathCause cause;
  };
  const std::optional<GiveUp>& askedToGiveUp() const { return giveUp_; }
  /// Why its job was to wait no longer, since the last time that this was asked.
  std::optional<JobWaitEnd> waitEnded() { return std::exchange(waitEnd_, std::nullopt); }
  /// For how long the job that it runs has been running, when the pool asks.
  std::optional<Duration> running;
  std::optional<std::uint64_t> resident;

  // PoolWorker
  std::uint64_t number() const override { return number_; }
  Load load() const override;
  WorkerStatus status() const override;
  std::optional<std::string> start() override { return world_.shortage; }
  bool verdictPending() const override { return false; }
  std::uint32_t find(FunctionName function) const override;
  void run(std::span<Outgoing> jobs, Duration expected) override;
  std::vector<std::uint64_t> heldJobs() const override;
  bool jobBegun(std::uint64_t job) const override;
  std::optional<Duration> startDelay(std::uint64_t job) const override;
  std::optional<AtElement> atElement(std::uint64_t) const override { return std::nullopt; }
  bool jobReturned(std::uint64_t) const override { return false; }
  bool takeBack(std::uint64_t job) override;
  void giveUp(std::uint64_t job, DeathCause cause, std::string, std::uint64_t) override;
  void letFinish(std::uint64_t, std::optional<Duration>) override {}
  bool timeOut(std::uint64_t job, std::string, IfReturned) override;
  void collect() override {}
  std::optional<std::uint64_t> residentBytes() override { return resident; }
  std::optional<Duration> runningFor() const override { return running; }
  std::vector<std::uint64_t> takeBackLast(std::size_t most) override;
  void endLease(std::uint64_t lease) override { endedLease_ = lease; }
  void endWait(JobWaitEnd end, const std::string&) override { waitEnd_ = end; }
  void retire(DeathCause cause) override { end(cause, 0, {}); }
  void end(DeathCause cause, int signal, std::string) override;
  void abandon() override { state_ = WorkerState::ending; }

 private:
  struct Held {
    std::uint64_t id;
    TimePoint sentAt;
    std::optional<TimePoint> begunAt;
  };
  struct Batch {
    Duration expected;
    std::deque<Held> jobs;
  };

  Held* first();
  const Held* find(std::uint64_t job) const;
  void report() { owner_.workerChanged(*this); }
  void popAnswered();
  void endForJob(DeathCause cause);
  void die(DeathCause cause, ExitStatus status);

  Owner& owner_;
  World& world_;
  const std::uint64_t number_;
  WorkerState state_ = WorkerState::starting;
  std::deque<Batch> batches_;
  std::uint64_t served_ = 0;
  std::uint64_t endedLease_ = 0;
  std::optional<DeathCause> cause_;
  std::optional<GiveUp> giveUp_;
  std::optional<JobWaitEnd> waitEnd_;
};

}  // namespace phial::detail
