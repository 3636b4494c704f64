// One worker as the pool sees it: a child process, its conversation, its jobs and its end.
//
// WorkerProcess conducts parts that each own their state, know each other little, and can be read
// alone:
//
//   the process    WorkerChild     its output, the steps by which it is ended
//                  spawnWorker()   how it is laid out
//   what it says   Conversation    the link, what has arrived, what is read and written aside
//                  ParentService   what its jobs call, and how they wait
//                  ResultIntake    checks results, hands each to the pool
//   its jobs       InFlight        which jobs it holds
//                  WorkerPage      where each of them stands: the control page
//                  ItemChannel     what a stream emits
//   its time       GiveUps         jobs that were asked to give up
//                  TakeUpWatch     jobs that it does not take up
//                  ProgressRelay   what jobs report of their progress
//   its end        DeathRecord     why it ends
//                  LastWords       what it had said before
//
// The parts decide nothing about the worker's life. They report, and WorkerProcess changes the
// state: it makes the worker ready, busy and idle, begins its end, and tells the pool.
//
// Invariants
// 1. Jobs travel in batches, at most two of them at a time (InFlight). Each job that a worker holds
//    it answers for (ResultIntake), gives back (WorkerPage::takeBack) or leaves behind at its end.
// 2. The first cause of an end is the one on the certificate (DeathRecord).
// 3. The verdict comes from the process (its pidfd), never from a pipe alone; what the worker had
//    written before its end is heard first (LastWords). A grandchild that holds a pipe open delays
//    nothing (PipeDrain).
// 4. An Owner is called from the loop, outside KJ, and may destroy everything from there, save in
//    those calls that are for the books only. So each of the other calls is the last thing that is
//    done in a turn, and whoever goes on after one looks at dead_ first.
// 5. A timer that could end the worker asks, at the moment when it fires, whether its reason still
//    holds: the loop may be late, and much may have happened since.
#pragma once

#include <phial/master/death_certificate.h>
#include <phial/protocol/function_index.h>

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "master/worker/conversation.h"
#include "master/worker/death_record.h"
#include "master/worker/give_ups.h"
#include "master/worker/in_flight.h"
#include "master/worker/item_channel.h"
#include "master/worker/last_words.h"
#include "master/worker/pool_worker.h"
#include "master/worker/progress_relay.h"
#include "master/worker/result_intake.h"
#include "master/worker/take_up_watch.h"
#include "master/worker/worker_child.h"
#include "master/worker/worker_environment.h"
#include "master/worker/worker_page.h"

namespace phial::inline v1::detail {

class WorkerProcess final : public PoolWorker, public std::enable_shared_from_this<WorkerProcess> {
 public:
  using Environment = WorkerEnvironment;

  /// `environment` is borrowed.
  WorkerProcess(Environment environment, std::uint64_t number);
  /// Kills and reaps what still runs.
  ~WorkerProcess() noexcept override;
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  std::uint64_t number() const override { return number_; }
  Load load() const override;
  WorkerStatus status() const override;
  std::optional<std::string> start() override;
  bool verdictPending() const override;
  std::uint32_t find(FunctionName function) const override;
  void run(std::span<Outgoing> jobs, Duration expected) override;
  std::vector<std::uint64_t> heldJobs() const override { return inFlight_.all(); }
  bool jobBegun(std::uint64_t job) const override { return page_->begun(job); }
  std::optional<Duration> startDelay(std::uint64_t job) const override {
    return page_->startDelay(job);
  }
  std::optional<AtElement> atElement(std::uint64_t job) const override {
    return page_->atElement(job);
  }
  bool jobReturned(std::uint64_t job) const override { return page_->returned(job); }
  bool takeBack(std::uint64_t job) override;
  void giveUp(std::uint64_t job, DeathCause cause, std::string detail,
              std::uint64_t element) override;
  void letFinish(std::uint64_t job, std::optional<Duration> timeout) override;
  bool timeOut(std::uint64_t job, std::string detail, IfReturned ifReturned) override;
  void collect() override;
  std::optional<std::uint64_t> residentBytes() override {
    return child_ ? child_->residentBytes() : std::nullopt;
  }
  std::optional<Duration> runningFor() const override { return page_->runningFor(); }
  std::vector<std::uint64_t> takeBackLast(std::size_t most) override;
  void endLease(std::uint64_t lease) override;
  void endWait(JobWaitEnd end, const std::string& text) override;
  void retire(DeathCause cause) override;
  void end(DeathCause cause, int signal, std::string detail = {}) override;
  void abandon() override;

 private:
  // Its life: worker_process.cc.
  std::optional<std::string> begin();
  void spawn();
  void awaitTemplate();
  void templateSettled(const DeathCertificate* failure);
  void beginLater(const std::string& shortage);
  void dieSoon();
  void startIsLate();
  void leaseEndIsLate();
  bool beginEnding(DeathCause cause, std::string detail);
  void stopWatches();
  void report() { env_.owner.workerChanged(*this); }

  // What it says: worker_events.cc.
  void handleEvents();
  void handle(Conversation::Greeting& greeting);
  void handle(Conversation::Started& answer);
  void handle(Conversation::LeaseEnded& ended);
  void makeNextStartCall();
  void becomeReady();
  void handle(Conversation::Answer& answer);
  void handle(Conversation::Nonsense& nonsense) { complain(std::move(nonsense.what)); }
  void handle(Conversation::Disconnected& disconnected);
  void complain(std::string what);
  void bellRung();

  // What its jobs ask of their parent: worker_calls.cc.
  void handleParentNews();

  // Its jobs and their time: worker_jobs.cc, worker_time.cc.
  void beginItems(const Job& job, std::size_t jobs, unsigned slot);
  void written();
  bool raiseCancel(std::uint64_t job, std::uint64_t element);
  void endOverdue();
  bool endForJob(std::uint64_t job, DeathCause cause, std::string detail);
  void watchTakeUp();
  void checkTakeUp();
  void act(TakeUpWatch::Finding finding);

  // Its end: worker_end.cc.
  void exited(const ExitStatus& status);
  void hearTheRest();
  void die();

  Environment env_;
  const std::uint64_t number_;
  const TimePoint spawnedAt_;
  WorkerState state_ = WorkerState::starting;
  bool dead_ = false;  // the owner has been told, or has abandoned it
  FunctionIndex functions_;
  InFlight inFlight_;
  DeathRecord death_;
  GiveUps giveUps_;
  TakeUpWatch takeUp_;
  ProgressRelay progress_;
  DelayedCall startTimer_;
  WorkerOrigin origin_ = WorkerOrigin::spawned;
  std::optional<DeathCertificate> templateFailure_;  // why it could not be forked
  bool shortageSaid_ = false;
  DelayedCall leaseTimer_;
  std::uint64_t startCall_ = 0;        // the number of the call that it was sent last
  const char* startOption_ = nullptr;  // whose call that was, until it is answered

  // From the spawn on. Each borrows what stands above it.
  std::optional<WorkerPage> page_;
  std::optional<ItemChannel> items_;
  std::optional<WorkerChild> child_;
  std::optional<Conversation> conversation_;
  std::optional<ResultIntake> intake_;
  std::shared_ptr<LastWords> lastWords_;  // from its end on
};

}  // namespace phial::inline v1::detail
