// One worker as the pool sees it: a child process, its conversation, its log and its end.
//
// Invariants
// 1. Jobs travel in batches, at most two of them at a time. Each job that a worker holds it answers
//    for, gives back or leaves behind at its end.
// 2. The first cause of an end is the one on the certificate.
// 3. The verdict comes from the process (its pidfd), never from a pipe alone; what the worker had
//    written before its end is heard first. A grandchild that holds a pipe open delays nothing.
// 4. An Owner is called from the loop, outside KJ, and may destroy everything from there, save in
//    those calls that are for the books only.
#pragma once

#include <phial/master/death_certificate.h>
#include <phial/master/pool_options.h>
#include <phial/master/process.h>
#include <phial/master/reactor.h>
#include <phial/protocol/function_index.h>

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "master/worker/death_reason.h"
#include "master/worker/death_record.h"
#include "master/worker/give_ups.h"
#include "master/worker/in_flight.h"
#include "master/worker/pipe_drain.h"
#include "master/worker/pool_worker.h"
#include "master/worker/progress_relay.h"
#include "master/worker/steps.h"
#include "master/worker/take_up_watch.h"
#include "master/worker/worker_child.h"
#include "master/worker/worker_environment.h"
#include "master/worker/worker_link.h"
#include "master/worker/worker_page.h"
#include "master/worker/worker_spawn.h"

namespace phial::detail {

class WorkerProcess final : public PoolWorker,
                            public std::enable_shared_from_this<WorkerProcess>,
                            private WorkerLink::Listener {
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
  std::optional<std::uint64_t> residentBytes() override;
  std::optional<Duration> runningFor() const override { return page_->runningFor(); }
  std::vector<std::uint64_t> takeBackLast(std::size_t most) override;
  void retire(DeathCause cause) override;
  void end(DeathCause cause, int signal, std::string detail = {}) override;
  void abandon() override;

 private:
  struct Disconnected {};
  struct Nonsense {
    std::string what;
  };
  struct Answer {
    std::uint64_t batch;
    WorkerLink::Answer message;
  };
  using Event =
      std::variant<WorkerLink::Greeting, Answer, WorkerLink::Delivery, Nonsense, Disconnected>;
  // The job that it was sent last, while its arguments are being written: the only one that it
  // holds.
  struct Writing {
    std::uint64_t job;
    std::uint32_t function;
    std::uint64_t batch;
    std::shared_ptr<ArgumentWriting> arguments;
    Steps steps;
  };

  void onGreeting(WorkerLink::Greeting greeting) override;
  void onAnswer(std::uint64_t batch, WorkerLink::Answer answer) override;
  void onDelivery(WorkerLink::Delivery delivery) override;
  void onBell() override;
  void onNonsense(std::string what) override;
  void onDisconnect() override;

  void cancelTimers();
  bool hasRoom() const;
  void report() { env_.owner.workerChanged(*this); }
  void failToStart(std::string why);
  void startWriting(Outgoing& outgoing);
  void written();
  std::optional<Failure> sendWritten(const Writing& writing, InFlight::Place place);
  void note(Event event);
  void handleEvents();
  bool readAhead(Event& event);
  void beginReading(schema::JobResult::Reader result);
  void handle(WorkerLink::Greeting& greeting);
  void handle(Answer& answer);
  void handle(WorkerLink::Delivery& delivery);
  void handle(Nonsense& nonsense);
  void handle(Disconnected& disconnected);

  std::string readGreeting(WorkerLink::Greeting& greeting);
  std::string objectionTo(schema::WorkerInfo::Reader info) const;
  void readFunctions(schema::WorkerInfo::Reader info);
  std::string readResults(capnp::List<schema::JobResult>::Reader results);
  std::string readAnswer(WorkerLink::Answer& answer);
  std::string fetchAllDelivered();
  std::string fetchDelivered(std::size_t batch);
  std::string accept(InFlight::Place place, schema::JobResult::Reader result);
  void batchAnswered();
  void endForNonsense(std::string what);
  void endAfterAbort();
  bool beginEnding(DeathCause cause, std::string detail);
  void loseProcess();
  bool raiseCancel(std::uint64_t job, std::uint64_t element);
  void watchGivingUp(GiveUps::Entry entry);
  void endOverdue();
  void endWithTrace(DeathCause cause, std::string detail);
  bool endForJob(std::uint64_t job, DeathCause cause, std::string detail);
  void exited(const ExitStatus& status);
  void drain();
  void hearTheRest();
  void readLastLines();
  void die();
  DeathCertificate certificate() const;
  void startIsLate();
  void checkTakeUp();
  void act(TakeUpWatch::Finding finding);
  void endUnresponsive(std::string what);
  TakeUpWatch::Progress takeUpProgress() const;

  Environment env_;
  const std::uint64_t number_;
  const TimePoint spawnedAt_;
  WorkerState state_ = WorkerState::starting;
  bool dead_ = false;  // the owner has been told, or has abandoned it
  InFlight inFlight_;
  std::optional<WorkerPage> page_;  // from the spawn on
  kj::AutoCloseFd requestReadEnd_;
  std::optional<WorkerChild> child_;
  DeathRecord death_;
  std::optional<PipeDrain> drain_;  // since its end
  std::unique_ptr<WorkerLink> link_;
  std::deque<Event> events_;
  // The result in the first of events_, while it is being read aside.
  struct Reading {
    std::uint64_t job;
    std::shared_ptr<ResultReading> result;
    Steps steps;
  };
  std::optional<Reading> reading_;
  std::optional<Writing> writing_;
  FunctionIndex functions_;
  GiveUps giveUps_;
  TakeUpWatch takeUp_;
  ProgressRelay progress_;
  std::vector<std::uint64_t> fetched_;  // a result's words, copied out of shared memory
  DelayedCall startTimer_;
};

}  // namespace phial::detail
