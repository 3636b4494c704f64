// One worker as the pool sees it: a child process, its conversation, its log and its end.
//
//   starting --greeting--> idle <--run/last answer--> busy
//      |                    |                           |
//      +---------+----------+----- retire/end/exit -----+
//                v
//              ending --exit seen, pipes drained--> dead
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

#include "master/supervision/death_reason.h"
#include "master/supervision/in_flight.h"
#include "master/supervision/log_capture.h"
#include "master/supervision/oom_kills.h"
#include "master/supervision/steps.h"
#include "master/supervision/worker_link.h"

namespace phial::detail {

class WorkerProcess final : public std::enable_shared_from_this<WorkerProcess>,
                            private WorkerLink::Listener {
 public:
  /// Whom a worker reports to. Every call but jobAnswered() is the last thing that the worker does
  /// in its turn.
  class Owner {
   public:
    virtual void workerReady(WorkerProcess& worker) = 0;
    /// The result of a job has arrived, whole. What there is to be read in slices before it is
    /// reported by jobAnswered(), or null. For the books only, as that is.
    virtual std::unique_ptr<ResultReading> jobArrived(schema::JobResult::Reader result) = 0;
    /// One of the jobs that it was sent has ended; `reading` has read its result, unless it is
    /// null. For the books only: calls no user code.
    virtual void jobAnswered(WorkerProcess& worker, schema::JobResult::Reader result,
                             ResultReading* reading) = 0;
    /// Jobs have been answered, and perhaps a whole batch: then there is room for the next, or the
    /// worker is idle.
    virtual void workerAnswered(WorkerProcess& worker) = 0;
    /// Jobs that it has not begun, in order, which it does not hold any more: the worker is to be
    /// ended because of another. For the books only.
    virtual void workerGaveBack(WorkerProcess& worker, const std::vector<std::uint64_t>& jobs) = 0;
    /// The worker does without something that the system refuses it: `what` says so.
    virtual void workerLacks(const std::string& what) = 0;
    /// What a job that the worker holds has reported: a fraction from 0 to 1 and a note of any
    /// bytes. For the books only. Comes before the job's jobAnswered() or the workerDied().
    virtual void workerProgressed(std::uint64_t job, double fraction, std::string note) = 0;
    /// Once, after which the worker is done with. What it left unanswered is still to be read from
    /// jobs(). The owner keeps it until this call has returned.
    virtual void workerDied(WorkerProcess& worker, DeathCertificate certificate) = 0;

    /// The arguments of a job that it holds cannot be written; it does not hold the job any more.
    /// workerAnswered() follows.
    virtual void jobUnwritable(std::uint64_t job, Failure failure) = 0;

   protected:
    ~Owner() = default;
  };

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
  ~WorkerProcess() noexcept;
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  /// Spawns the process. A failure to do so is reported as its death, from the loop. A text: the
  /// system is short of what the text says; nothing is left of the try, nothing will be reported,
  /// and the owner drops the worker.
  std::optional<std::string> start();

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

  /// Sends `jobs` as one batch that should take so long; max when that is not known. Those that
  /// cannot be written get their failure and are not sent. One that is written aside counts as sent
  /// from here on. REQUIRES: hasRoom(); idle, and one job alone, if it is written aside.
  void run(std::span<WorkerLink::Outgoing> jobs, Duration expected);
  /// Whether it can be sent a batch: it is idle, or at work on its only one.
  bool hasRoom() const;

  /// The jobs that it holds.
  const InFlight* jobs() const { return inFlight_ ? &*inFlight_ : nullptr; }
  std::size_t jobsHeld() const { return inFlight_ ? inFlight_->held() : 0; }
  /// For the files that belong to the worker's results. REQUIRES: an Owner's jobAnswered().
  FileLane& files() { return link_->files(); }

  // Of a job that it holds.

  /// Whether the worker has taken it up.
  bool jobBegun(std::uint64_t job) const;
  /// When it entered its function: the time since run(), as far as the worker can be believed;
  /// nothing while it has not, or has ended since.
  std::optional<Duration> startDelay(std::uint64_t job) const;
  /// The element that a job of a map is at, counted from 1, and when it was begun, in the same
  /// terms; nothing while it is at none, or where it does not note the time.
  struct AtElement {
    std::uint64_t number;
    Duration startDelay;
  };
  std::optional<AtElement> atElement(std::uint64_t job) const;
  /// Whether its function has returned, by the worker's account. The answer may still lie unread
  /// when something has held up the loop.
  bool jobReturned(std::uint64_t job) const;
  /// True: the job has not begun and will not, and the worker does not hold it any more.
  bool takeBack(std::uint64_t job);
  /// Raises the cancel word for it; ends the worker, for `cause`, when the job still runs `grace`
  /// later. Asked twice for one job, the first time counts. With an `element`, as AtElement counts
  /// them, that one alone is to give up: the job goes on to the next.
  void giveUp(std::uint64_t job, DeathCause cause, std::string detail, std::uint64_t element = 0);
  /// Raises the cancel word for it, and lets the job end by itself; ends the worker only when the
  /// job runs for longer than `timeout`, if there is one.
  void letFinish(std::uint64_t job, std::optional<Duration> timeout);
  /// What timeOut() does about a job whose function has returned, by the worker's account.
  enum class IfReturned { wait, end };
  /// Ends the worker because this job has run for too long: what it may still answer comes too
  /// late. False: the worker must not be ended now, because it has ended by itself, goes on with
  /// another job, or is held by a debugger that is waited for.
  bool timeOut(std::uint64_t job, std::string detail, IfReturned ifReturned);

  /// Reports what it has delivered ahead of its answers. Calls jobAnswered(), and no more.
  void collect();
  /// Resident memory now; nothing when the system does not show it.
  std::optional<std::uint64_t> residentBytes();

  /// For how long the job that it runs has been in its function; nothing when none is.
  std::optional<Duration> runningFor() const;
  /// Takes back up to `most` of the jobs that it has not begun, the last ones. Returns them in
  /// order.
  std::vector<std::uint64_t> takeBackLast(std::size_t most);

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
  // Where a job stands that the worker has taken up, by the worker's account.
  enum class Stand { running, returned, over };
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

  void spawn();
  FileLane::Ends makeFileLane();
  void failToStart(std::string why);
  void startWriting(WorkerLink::Outgoing& outgoing);
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
  Stand standOf(std::uint64_t job) const;
  Stand standOf(const GivingUp& entry) const;
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
  TakeUp takeUp() const;
  std::optional<Duration> believedDelay(std::int64_t started, InFlight::Place place) const;
  std::optional<InFlight::Place> latest(std::uint64_t job) const;
  std::optional<InFlight::Place> blamed() const;
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
  std::optional<InFlight> inFlight_;  // of control_
  std::uint64_t jobsServed_ = 0;
  std::vector<GivingUp> givingUp_;      // one or two
  std::uint64_t timedOut_ = 0;          // the job whose time was up
  std::vector<std::uint64_t> fetched_;  // a result's words, copied out of shared memory
  std::optional<DeathCause> cause_;
  std::string detail_;
  bool cutOff_ = false;  // it cannot be signalled, and its lifeline has been cut
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
