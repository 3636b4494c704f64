// One worker as the pool sees it: a child process, its conversation, its log and its end.
//
//   starting --greeting--> idle <--run/answer--> busy
//      |                    |                      |
//      +---------+----------+-- retire/end/exit ---+
//                v
//              ending --exit seen, pipes drained--> dead
//
// Invariants
// 1. Only an idle worker takes a job, and it has one at a time.
// 2. The first cause of an end is the one on the certificate.
// 3. The verdict comes from the process (its pidfd), never from a pipe alone; what the worker had
//    written before its end is heard first. A grandchild that holds a pipe open delays nothing.
// 4. An Owner is called from the loop, outside KJ, and may destroy everything from there.
#pragma once

#include <phial/master/death_certificate.h>
#include <phial/master/pool_options.h>
#include <phial/master/process.h>
#include <phial/master/reactor.h>
#include <phial/protocol/function_index.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "master/supervision/death_reason.h"
#include "master/supervision/log_capture.h"
#include "master/supervision/oom_kills.h"
#include "master/supervision/worker_link.h"

namespace phial::detail {

class WorkerProcess final : public std::enable_shared_from_this<WorkerProcess>,
                            private WorkerLink::Listener {
 public:
  /// Whom a worker reports to. Every call is the last thing that the worker does in its turn.
  class Owner {
   public:
    virtual void workerReady(WorkerProcess& worker) = 0;
    /// The answer to run(). The worker is idle again.
    virtual void workerAnswered(WorkerProcess& worker, schema::JobResult::Reader result) = 0;
    /// The worker has passed by a job that was taken back. It is idle again.
    virtual void workerPassed(WorkerProcess& worker) = 0;
    virtual void workerProgressed(std::uint64_t job, double fraction, const std::string& note) = 0;
    /// Once, after which the worker is done with. The owner keeps it until this call has returned.
    virtual void workerDied(WorkerProcess& worker, DeathCertificate certificate) = 0;

   protected:
    ~Owner() = default;
  };

  struct Environment {
    Reactor& reactor;
    Clock& clock;
    const PoolOptions& options;
    spdlog::logger& logger;
    OomKills& oomKills;
    Owner& owner;
  };

  /// `environment` is borrowed.
  WorkerProcess(Environment environment, std::uint64_t number);
  /// Kills and reaps what still runs.
  ~WorkerProcess() noexcept;
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  /// Spawns the process. A failure to do so is reported as its death, from the loop.
  void start();

  std::uint64_t number() const { return number_; }
  WorkerState state() const { return state_; }
  WorkerStatus status() const;
  std::uint64_t jobsServed() const { return jobsServed_; }
  /// Whether it has ended otherwise than told to exit, or is being killed because it did not get
  /// ready, and the owner is about to hear of it.
  bool verdictPending() const;

  /// The wire index of a function. Throws UnknownFunction, which lists what there is, or
  /// EncodingError when only the signature differs.
  std::uint32_t find(FunctionName function) const;

  /// Sends `job`. REQUIRES: idle. What it throws is the job's failure; the worker stays idle.
  void run(const Job& job, std::uint32_t function);

  /// For the files that belong to the worker's results. REQUIRES: an Owner's workerAnswered().
  FileLane& files() { return link_->files(); }

  /// Whether the worker has taken up the job that it was given.
  bool jobBegun() const;
  /// When the job entered its function: the time since run(), as far as the worker can be believed;
  /// nothing while it has not.
  std::optional<Duration> startDelay() const;

  /// Whether its function has returned, by the worker's account. The answer may still lie unread in
  /// the pipe when something has held up the loop.
  bool jobReturned() const;

  /// True: the job has not begun and will not, and the worker is free once it has passed by it.
  /// False: the worker has it. REQUIRES: busy.
  bool takeBack();
  /// Raises the cancel word for the running job; ends the worker, for `cause`, when the job has not
  /// given up within `grace`. REQUIRES: busy.
  void giveUp(DeathCause cause, std::string detail);
  /// Lets it exit in order; SIGKILL after `grace`. REQUIRES: idle.
  void retire(DeathCause cause);
  /// Ends it by `signal` to its process group; SIGKILL after `grace`.
  void end(DeathCause cause, int signal, std::string detail = {});
  /// Kills and reaps it here and now, without a word to the owner.
  void abandon();

 private:
  struct Disconnected {};
  struct Nonsense {
    std::string what;
  };
  struct Progress {
    std::uint64_t job;
    double fraction;
    std::string note;
  };
  using Event =
      std::variant<WorkerLink::Greeting, WorkerLink::Answer, Progress, Nonsense, Disconnected>;
  struct Assignment {
    std::uint64_t id;
    std::string function;
    std::string label;
    TimePoint sentAt;
    std::int64_t sentNanos;  // CLOCK_MONOTONIC
    enum class Held { byWorker, byMaster } held = Held::byWorker;
  };

  void onGreeting(WorkerLink::Greeting greeting) override;
  void onAnswer(WorkerLink::Answer answer) override;
  void onProgress(std::uint64_t job, double fraction, std::string note) override;
  void onNonsense(std::string what) override;
  void onDisconnect() override;

  void spawn();
  void note(Event event);
  void handleEvents();
  void handle(WorkerLink::Greeting& greeting);
  void handle(WorkerLink::Answer& answer);
  void passedBy(WorkerLink::Answer& answer);
  void freed();
  void watchTakeUp();
  void checkTakeUp();
  void handle(Progress& progress);
  void handle(Nonsense& nonsense);
  void handle(Disconnected& disconnected);

  std::string readGreeting(WorkerLink::Greeting& greeting);
  std::string objectionTo(schema::WorkerInfo::Reader info) const;
  void readFunctions(schema::WorkerInfo::Reader info);
  std::optional<schema::JobResult::Reader> resultIn(WorkerLink::Answer& answer) const;
  void endForNonsense(std::string what);
  bool beginEnding(DeathCause cause, std::string detail);
  void killAfterGrace();
  void exited(const ExitStatus& status);
  DeathEvidence evidence(const ExitStatus& status) const;
  void drain();
  void die();
  DeathCertificate certificate() const;
  void startIsLate();
  JobSlot& slot() const;
  DeathEvidence::Refusal refusal() const;

  Environment env_;
  const std::uint64_t number_;
  const TimePoint spawnedAt_;
  WorkerState state_ = WorkerState::starting;
  bool dead_ = false;  // the owner has been told, or has abandoned it
  std::optional<ControlPageMapping> control_;
  kj::AutoCloseFd requestReadEnd_;
  std::optional<OomKills::Mark> oomMark_;
  std::optional<Process> process_;
  std::optional<LogCapture> log_;
  std::unique_ptr<WorkerLink> link_;
  std::deque<Event> events_;
  FunctionIndex functions_;
  std::optional<Assignment> assignment_;
  std::uint64_t jobsServed_ = 0;
  std::optional<DeathCause> cause_;
  std::string detail_;
  std::optional<ExitStatus> exitStatus_;
  TimePoint drainUntil_{};
  std::uint64_t bytesSent_ = 0;  // when checkTakeUp() looked last
  DelayedCall startTimer_;
  DelayedCall takeUpTimer_;
  DelayedCall graceTimer_;
  DelayedCall verdictTimer_;
};

}  // namespace phial::detail
