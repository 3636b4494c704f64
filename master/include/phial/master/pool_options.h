// What a pool and a job can be told.
#pragma once

#include <phial/master/clock.h>
#include <phial/master/held.h>
#include <phial/master/histogram.h>
#include <phial/master/limits.h>
#include <phial/master/log.h>
#include <phial/master/restart_options.h>

#include <sys/types.h>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phial {

/// What becomes of a worker whose job has been stopped by a signal such as SIGSTOP or, when it
/// reads from a terminal, SIGTTIN. The kernel does not report a stop to a program that has no
/// SIGCHLD handler, and Phial has none: the pool looks at each busy worker once every startTimeout.
enum class StoppedWorker {
  isEnded,      ///< when two looks in a row find it stopped, DeathCause::unresponsive
  isWaitedFor,  ///< it may be continued at any time; only the job's own limits end it
};

/// What a worker does about a SIGTERM that neither its master nor itself has sent. A service
/// manager such as systemd stops a service by SIGTERM to all of its processes at once
/// (KillMode=mixed in the unit file limits that to the master). A master that finishes its jobs
/// then needs its workers; one that dies takes its workers with it either way.
enum class SigtermToWorker {
  isLeftToMaster,  ///< it is ignored; kill a worker by SIGKILL, or by ProcessPool
  endsIt,          ///< the signal's default action
};

/// What becomes of a worker that a debugger, or strace, is attached to.
enum class TracedWorker {
  isAsAnyOther,  ///< its times go on; if one ends the worker, the certificate names the tracer
  isWaitedFor,   ///< no time ends it: each one that is up is looked at again after `grace`
};

/// How a pool lives. The fields are in the order in which a designated initialiser names them.
struct PoolOptions {
  /// For logs and process names. Default "pool".
  std::string name = "pool";

  /// The worker's command, program first, searched in PATH when it has no slash. Empty, the
  /// default: this very program, which must call serveIfWorker.
  std::vector<std::string> worker = {};

  /// Changes to the master's environment for the workers: a value sets a variable, none removes it.
  /// Default none.
  std::map<std::string, std::optional<std::string>> environment = {};

  /// The workers' working directory. Default: the master's. A relative path in `worker` is relative
  /// to the master's directory all the same.
  std::string directory = {};

  /// The workers' user and group, as numbers; supplementary groups are dropped when either is set.
  /// Default: the master's. The master needs the privilege for it, or every worker fails to start.
  /// A master that may not signal its workers' user ends them by their lifelines instead of
  /// signals, `timeoutSignal` included.
  std::optional<uid_t> uid = std::nullopt;
  std::optional<gid_t> gid = std::nullopt;

  /// Workers that are kept ready, and started by start(). Default 1; 0 means none until a job
  /// arrives. Each idle one costs its memory.
  std::size_t min = 1;

  /// Workers at most. Default 0: as many as the cores this process may use (affinity and cgroup
  /// quota), or `min` if that is more.
  std::size_t max = 0;

  /// How long a worker above `min` may be idle before it is stopped. Default 20 s.
  Duration maxIdle = std::chrono::seconds(20);

  /// Jobs that a worker serves at most before it is replaced; 0, the default, means no limit. From
  /// 16 on each worker is given its own number, up to an eighth lower, so that they do not retire
  /// together; below it is exact. The replacement starts when the last job is sent, so that for a
  /// while there may be one worker above `max` for each that is being replaced; never do more than
  /// `max` run jobs because of that. A worker from which jobs are taken back after that leaves all
  /// the same, having served fewer. One whose replacement fails to start goes on serving. Price:
  /// one start-up for that many jobs.
  std::size_t recycleAfter = 0;

  /// Resident memory above which a worker is replaced, looked at after each job; 0, the default,
  /// means no limit. It goes on serving until its replacement is ready. Price: one look into /proc,
  /// about 5 us a job, and with a limit that each worker exceeds at once a start-up for each job.
  std::uint64_t recycleAboveRssBytes = 0;

  /// Running time for each job, or element of a map, that sets none of its own. Default none.
  std::optional<Duration> timeout = std::nullopt;

  /// What ends a worker whose job ran too long. Default SIGKILL. A worker that survives another
  /// signal gets SIGKILL after `grace`.
  int timeoutSignal = SIGKILL;

  /// How long a worker has for each step of ending: to heed a cancelled job, to die of
  /// timeoutSignal, to exit after it was told to. Default 2 s.
  Duration grace = std::chrono::seconds(2);

  /// Jobs that may wait; one more fails with QueueFull, whatever its priority, unless a worker is
  /// free for it. Default 0: no limit, and memory is it. See ProcessPool::whenBelow.
  std::size_t maxQueue = 0;

  /// See RestartOptions.
  RestartOptions restart = {};

  /// Of each worker. Limits has the defaults; one is not nothing: workers run at niceness 10, so
  /// that they never make the master's loop wait for a processor.
  Limits limits = {};

  /// How long both ends look for the next message before they sleep. Default zero: not at all. For
  /// short jobs one at a time, when their latency is worth a core: waking up a process that sleeps
  /// on another core takes tens of microseconds. 50 us is a good value. The master looks while it
  /// waits for jobs that are not known to take longer, and while a core is free for it; a worker
  /// looks less and less long when nothing comes. Price: processor time, at both ends.
  Duration spin = Duration::zero();

  /// How long a worker may take from its spawn to the handshake, onStart included, and again to
  /// take up a job that it was sent; then the worker hangs and is ended, DeathCause::unresponsive,
  /// and another gets the job. A job that two workers did not take up fails with WorkerDied: twice
  /// this time, and the start of the second worker, is the longest that it can be on its way.
  /// Default 30 s.
  Duration startTimeout = std::chrono::seconds(30);

  /// See SigtermToWorker. Default: left to the master. A program of one's own that handles SIGTERM
  /// in its workers keeps its handler either way.
  SigtermToWorker sigterm = SigtermToWorker::isLeftToMaster;

  /// See StoppedWorker. Default: it is ended. A stopped job would otherwise hold its worker, and a
  /// caller who set no timeout, for ever.
  StoppedWorker stopped = StoppedWorker::isEnded;

  /// See TracedWorker. Default: as any other, for strace in production must not lift the limits.
  TracedWorker traced = TracedWorker::isAsAnyOther;

  /// The most bytes in one message, either way. Default 4 GiB. A job above it fails with
  /// EncodingError.
  std::uint64_t maxMessageBytes = std::uint64_t{4} << 30;

  /// Shared memory for messages of more than 256 KiB, for each worker and direction. Default 1 GiB;
  /// 0 means none. What does not fit, for its size or because others lie there, goes through the
  /// pipe, which is slower. Price: address space; memory only for what was used at a time, and that
  /// goes back to the system when no large message has come for some seconds.
  std::uint64_t arenaBytes = std::uint64_t{1} << 30;

  /// Memory that the master keeps for the next large arguments (above 256 KiB, copied because they
  /// stay the caller's). Default 256 MiB; 0 keeps none. It fills only as far as such arguments were
  /// under way at a time, and goes back to the system when none has come for ten seconds. Price of
  /// none: memory that is new to the process takes twice to ten times as long to fill.
  std::uint64_t cacheBytes = std::uint64_t{256} << 20;

  /// Takes what the pool has to say, a line at a time: deaths, what workers print, exceptions of
  /// the observer. Called from the loop when the pool's own books are in order, so that it may call
  /// into the pool, or destroy it. It gets records of every level. Default empty: they go to the
  /// process-wide sink, see setLogSink, and so to stderr from level info on. Price: a function
  /// that takes long stops the loop.
  LogFunction onLog = {};
};

/// What becomes of a job whose worker dies. One that had not begun runs elsewhere in every case.
enum class Rerun {
  unlessBegun,  ///< fails with WorkerDied if it had begun
  never,        ///< is started at most once, and travels to a free worker, alone
  /// Runs again also when it had begun, up to maxAttempts, then PoisonJob. It waits before: 10 ms
  /// at most after the first death, twice as long after each further one, a second at the longest,
  /// with a jitter of down to half of that; what has a moment's cause then finds the moment past.
  always,
};

/// What becomes of a job that runs when it is cancelled or its deadline passes. Its Deferred fails
/// at once either way, and currentJob().cancelled() turns true.
enum class OnCancel {
  stop,    ///< `grace` later its worker is ended, if the job still runs
  finish,  ///< the job ends by itself, or at its `timeout`: for work that is not worth a worker
};

/// How one job is run. The fields are in the order in which a designated initialiser names them.
struct JobOptions {
  /// Running time, from the moment the function is entered; then JobTimedOut and the worker is
  /// ended. Reading the arguments may take as long before that. Default: the pool's.
  std::optional<Duration> timeout = std::nullopt;

  /// Running time after which the job is asked to give up: currentJob().cancelled() turns true, and
  /// what the function then returns or throws is the result, a partial one for instance. One that
  /// has not ended `grace` later is ended: SoftTimeoutExceeded. Default none.
  std::optional<Duration> softTimeout = std::nullopt;

  /// A point on the pool's clock by which there must be a result; then DeadlineExceeded. In the
  /// queue the job is just dropped; while it runs its worker is ended. Default none.
  std::optional<TimePoint> deadline = std::nullopt;

  /// Higher runs first; equal ones in order of submission. Default 0. It orders those that wait
  /// for a worker: what one has been sent already, a batch or two of short jobs or a next one of up
  /// to 20 ms, stays before them.
  int priority = 0;

  /// See Rerun.
  Rerun rerun = Rerun::unlessBegun;

  /// With Rerun::always: how many workers the job may be running in when they die. Default 3. Only
  /// deaths are counted: an exception that the function throws is its result, and is not tried
  /// again, nor is a job that ran into its timeout.
  unsigned maxAttempts = 3;

  /// For logs, certificates and currentJob().label(). Default empty.
  Held<std::string> label = {};

  /// See OnCancel. Default: stop. A job that is to finish and never does holds its worker; give it
  /// a timeout.
  OnCancel onCancel = OnCancel::stop;

  /// Called in the loop with what the job says by currentJob().progress(): a fraction from 0 to 1
  /// and a note of up to 256 bytes, which are the job's own and may be no UTF-8. At most 20 times a
  /// second, and once more with the last report before the job's Deferred fires, also when the job
  /// fails or its worker dies; not after cancel(). Default none.
  Held<std::function<void(double fraction, std::string_view note)>> onProgress = {};
};
static_assert(detail::kSafeInCoAwait<JobOptions>);

/// How ProcessPool::map and its kind run. The fields are in the order in which a designated
/// initialiser names them.
struct MapOptions {
  /// Of the chunks, which are jobs; but `timeout` and `softTimeout` are of one element, as is the
  /// pool's own timeout: nobody can choose one for a chunk whose size he does not see. An element
  /// that heeds its soft timeout has what it then returns or throws as its result, and those after
  /// it run. `deadline` is of the whole range. Price of a timeout: a look at the clock for each
  /// element, about 25 ns.
  JobOptions job = {};

  /// Elements in a chunk. Default 0: by itself. It begins with one, grows fourfold a step, and aims
  /// at chunks that run 10 ms and take at most a mebibyte in a message; towards the end of a range
  /// whose size is known they get smaller, so that all workers end together. Price: some 0.1 ms a
  /// chunk; and with a large one the elements behind a slow one wait.
  std::size_t chunk = 0;

  /// Chunks submitted at a time. Default 0: two for each worker that the pool may have, one to run
  /// and one that waits.
  std::size_t inFlight = 0;
};
static_assert(detail::kSafeInCoAwait<MapOptions>);

/// How a pool stops.
struct StopOptions {
  /// True: queued jobs are still run. False, the default: they fail with PoolStopped.
  bool drainQueue = false;

  /// How long jobs may go on, those of the queue included; then the workers are killed and what is
  /// left fails with PoolStopped. Default: as long as they take. Zero: at once. When stop() is
  /// called more than once, the earliest end counts.
  std::optional<Duration> within = std::nullopt;
};
static_assert(detail::kSafeInCoAwait<StopOptions>);

enum class WorkerState {
  starting,  ///< spawned, not ready yet
  idle,
  busy,
  ending,  ///< told to exit, or signalled, or gone and not yet taken account of
};

/// One worker at the moment of asking.
struct WorkerStatus {
  std::uint64_t number = 0;  ///< from 1, never used again
  pid_t pid = 0;
  WorkerState state = WorkerState::starting;
  std::uint64_t job = 0;  ///< the job that it was given; 0 for none
  std::uint64_t jobsServed = 0;
};

/// A pool's state, counted in jobs and workers. At every moment
/// submitted == succeeded + failed + cancelled + queued + running.
struct PoolStats {
  std::uint64_t submitted = 0;  ///< every deferToProcess, also those that failed at once
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t queued = 0;
  std::uint64_t running = 0;  ///< sent to a worker, no result yet; may be more than one a worker
  std::uint64_t rerun = 0;    ///< times that a job went back to the queue because its worker died

  std::size_t workers = 0;  ///< alive: starting, idle, busy and ending
  std::size_t starting = 0;
  std::size_t idle = 0;
  std::size_t busy = 0;
  std::uint64_t spawned = 0;  ///< workers ever spawned
  std::uint64_t deaths = 0;   ///< workers that ended otherwise than asked to
  /// Workers that ended because of recycleAfter or recycleAboveRssBytes, or for reload().
  std::uint64_t recycled = 0;

  Histogram queueWait;  ///< from submission to the first dispatch
  Histogram runTime;    ///< of each function that returned or threw, without decoding and encoding

  /// Whether the equation above holds.
  bool balanced() const { return submitted == succeeded + failed + cancelled + queued + running; }
};

}  // namespace phial
