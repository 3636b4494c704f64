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

#include "master/process/oom_kills.h"
#include "master/worker/death_reason.h"
#include "master/worker/in_flight.h"
#include "master/worker/log_capture.h"
#include "master/worker/pool_worker.h"
#include "master/worker/steps.h"
#include "master/worker/worker_link.h"
#include "master/worker/worker_page.h"

namespace phial::detail {

class WorkerProcess final : public PoolWorker,
                            public std::enable_shared_from_this<WorkerProcess>,
                            private WorkerLink::Listener {
 public:
  struct Environment {
    Reactor& reactor;
    Clock& clock;
    const PoolOptions& options;
    const std::shared_ptr<PoolLog>& log;
    OomKills& oomKills;
    SideThread& side;              // reads large results, writes large arguments
    const TakeMemory& takeMemory;  // for them on their way
    Owner& owner;
  };

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
  // A job, or one element of a job, that has been asked to give up.
  struct GivingUp {
    std::uint64_t job;
    std::uint64_t element;  // 0: all of the job
    DeathCause cause;
    std::string detail;
    TimePoint due;              // when the worker is ended, if the job still runs then
    bool answerIsLate = false;  // the job had returned when that time came, and was not answered
  };
  // What a look at the jobs that are not taken up has found.
  struct TakeUp {
    std::uint64_t batch = 0;
    std::size_t begun = 0;
    std::uint64_t bytesSent = 0;
    bool operator==(const TakeUp&) const = default;
  };

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
  void spawn();
  FileLane::Ends makeFileLane();
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
  void readProgress();
  void tellProgress(InFlight::Place place, ProgressReport report);
  bool beginEnding(DeathCause cause, std::string detail);
  void killAfterGrace();
  void sendEnd(int signal);
  void kill();
  void graceIsOver();
  void loseProcess();
  bool raiseCancel(std::uint64_t job, std::uint64_t element);
  void watchGivingUp(GivingUp entry);
  void armGiveUpTimer();
  void checkGivingUp();
  bool givesUp(GivingUp& entry);
  void hasGivenUp(std::uint64_t job);
  bool isWaitedFor() const;
  void endWithTrace(DeathCause cause, std::string detail);
  bool endForJob(std::uint64_t job, DeathCause cause, std::string detail);
  void exited(const ExitStatus& status);
  DeathEvidence evidence(const ExitStatus& status) const;
  void drain();
  void hearTheRest();
  void readLastLines();
  void die();
  DeathCertificate certificate() const;
  void startIsLate();
  void watchTakeUp();
  void watchTakeUp(Duration delay);
  void checkTakeUp();
  bool checkStopped();
  void endUnresponsive(std::string what);
  std::string tracerNote() const;
  TakeUp takeUp() const;

  Environment env_;
  const std::uint64_t number_;
  const TimePoint spawnedAt_;
  WorkerState state_ = WorkerState::starting;
  bool dead_ = false;  // the owner has been told, or has abandoned it
  InFlight inFlight_;
  std::optional<WorkerPage> page_;  // from the spawn on
  kj::AutoCloseFd requestReadEnd_;
  std::optional<OomKills::Mark> oomMark_;
  std::optional<Process> process_;
  std::optional<pid_t> numberInProc_;  // 0: /proc does not show it
  std::shared_ptr<LogCapture> log_;    // shared with the call that reads the last of it
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
  std::vector<GivingUp> givingUp_;      // one or two
  std::vector<std::uint64_t> fetched_;  // a result's words, copied out of shared memory
  std::optional<DeathCause> cause_;
  std::string detail_;
  bool lifelineCut_ = false;  // it cannot be signalled, and its lifeline has been cut
  std::optional<ExitStatus> exitStatus_;
  TimePoint drainUntil_{};
  TakeUp lastTakeUp_;
  bool seenStopped_ = false;               // at the last look, with a job that it had begun
  bool bellHeard_ = false;                 // and not cleared
  std::optional<TimePoint> progressTold_;  // on the pool's clock
  DelayedCall startTimer_;
  DelayedCall takeUpTimer_;
  DelayedCall giveUpTimer_;  // for the first of givingUp_ that is due
  DelayedCall traceTimer_;
  DelayedCall killTimer_;
  DelayedCall verdictTimer_;
  DelayedCall progressTimer_;
};

}  // namespace phial::detail
