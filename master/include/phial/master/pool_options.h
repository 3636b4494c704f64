// The options of a pool, of a job, of a map and of stop().
#pragma once

#include <phial/master/clock.h>
#include <phial/master/held.h>
#include <phial/master/limits.h>
#include <phial/master/log.h>
#include <phial/master/parent_export.h>
#include <phial/master/pool_stats.h>
#include <phial/master/restart_options.h>
#include <phial/master/worker_start.h>

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

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// What the pool does about a worker whose job has been stopped by a signal, such as SIGSTOP or,
/// when the job reads from a terminal, SIGTTIN. The kernel reports a stop only through SIGCHLD,
/// which Phial leaves to the host program. The pool therefore asks for the state of each busy
/// worker once every `startTimeout`.
enum class StoppedWorker {
  isEnded,      ///< if two checks in a row find it stopped: DeathCause::unresponsive
  isWaitedFor,  ///< it may be continued at any time; only the job's own limits end it
};

/// What a worker does about a SIGTERM that neither the worker itself nor its master has sent. A
/// service manager such as systemd stops a service by SIGTERM to all of its processes at once
/// (KillMode=mixed in the unit file limits the signal to the master). If the master then finishes
/// its jobs, it still needs its workers. If the master ends, its workers end with it, whatever this
/// option says.
enum class SigtermToWorker {
  isLeftToMaster,  ///< the worker ignores it; end a worker by SIGKILL, or through ProcessPool
  endsIt,          ///< the signal's default action
};

/// What the pool does about a worker to which a debugger, or strace, is attached.
enum class TracedWorker {
  isAsAnyOther,  ///< its limits stay; if one ends the worker, the certificate names the tracer
  isWaitedFor,   ///< no limit ends it; an expired limit is checked again after `grace`
};

/// The options of a pool. Fields stand in the order in which a designated initializer must name
/// them. ProcessPool's constructor throws std::invalid_argument, naming the field, for a value out
/// of range.
struct PoolOptions {
  /// The pool's name in log records and in the workers' process titles. Default "pool".
  std::string name = "pool";

  /// The worker's command: the program, then its arguments. A program without a slash is searched
  /// in PATH. Default empty: this very program, which must call serveIfWorker.
  std::vector<std::string> worker = {};

  /// Changes to the master's environment, for the workers. A value sets the variable; std::nullopt
  /// removes it. Default: no changes.
  std::map<std::string, std::optional<std::string>> environment = {};

  /// The working directory of the workers. Default empty: the master's. A relative path in `worker`
  /// is relative to the master's directory, not to this one.
  std::string directory = {};

  /// The user and the group of the workers, as numbers. When either is set, supplementary groups
  /// are dropped. Default: the master's. The master needs the privilege to change them; without it
  /// every worker fails to start. If the master may not signal the workers' user, it ends workers
  /// through their lifelines instead of signals; `timeoutSignal` then has no effect. -1 is refused.
  std::optional<uid_t> uid = std::nullopt;
  std::optional<gid_t> gid = std::nullopt;

  /// How many threads the libraries of a worker may use for one job. Sets OMP_NUM_THREADS and the
  /// variables of OpenBLAS, MKL, BLIS, NumExpr, Accelerate and Rayon, so that N workers do not
  /// start N threads each for N cores; a variable that `environment` names stays as it says there.
  /// Default empty: the variables stay as the master's, and most libraries start one thread for
  /// each core.
  std::optional<std::uint32_t> threadsPerWorker = std::nullopt;

  /// How many workers the pool keeps ready; start() starts them. Default 1; 0: no worker until a
  /// job arrives. Price: the memory of each idle worker.
  std::size_t min = 1;

  /// The largest number of workers. Default 0: as many as the cores that this process may use (by
  /// affinity and cgroup quota), but at least `min`.
  std::size_t max = 0;

  /// How long a worker above `min` may be idle before the pool stops it. Default 20 s.
  Duration maxIdle = std::chrono::seconds(20);

  /// After how many jobs a worker is replaced. Default 0: never. From 16 on each worker gets a
  /// number of its own, up to an eighth lower, so that workers do not retire together; below 16 the
  /// number is exact.
  ///
  /// The replacement starts when the worker is sent its last job. One worker above `max` may
  /// therefore live for each worker that is being replaced, but at most `max` workers run jobs at a
  /// time. If jobs are taken back from a worker after that, it retires with fewer jobs served. If
  /// its replacement does not start, the worker goes on serving. Price: one start of a worker for
  /// this many jobs.
  std::size_t recycleAfter = 0;

  /// The resident memory above which a worker is replaced. Default 0: no limit. The pool checks a
  /// worker each time it becomes idle, and once when it is ready. The worker goes on serving until
  /// its replacement is ready. Price: reading /proc, about 5 us a check. Choose a limit well above
  /// the memory of a fresh worker: a worker that exceeds the limit as soon as it is ready is
  /// replaced at once, as is its replacement.
  std::uint64_t recycleAboveRssBytes = 0;

  /// The running time of each job, or element of a map, that sets no timeout of its own. Default:
  /// no limit.
  std::optional<Duration> timeout = std::nullopt;

  /// The signal that ends a worker whose job has run too long. Default SIGKILL. If the worker
  /// survives another signal, SIGKILL follows after `grace`.
  int timeoutSignal = SIGKILL;

  /// The time for each step of ending a worker: for a job to give up after it was cancelled, for
  /// the process to die of `timeoutSignal`, for the worker to exit after it was told to. Default 2
  /// s: long enough for cleaning up, short enough to wait for. Zero is allowed.
  Duration grace = std::chrono::seconds(2);

  /// How many jobs may wait in the queue. If the queue is full and no worker is free, a further job
  /// fails with QueueFull, whatever its priority. Default 0: no limit; memory is the only one.
  /// ProcessPool::whenBelow waits for room.
  std::size_t maxQueue = 0;

  /// How many workers may be leased at a time: see ProcessPool::lease. A lease that is asked for
  /// beyond this number waits for the release of another. Default empty: all but one of `max`, but
  /// at least one, so that one worker always serves the pool's other jobs. In a pool of one worker,
  /// and with a number not below `max`, all workers may be leased; the other jobs then wait until a
  /// lease is released.
  std::optional<std::size_t> maxLeases = std::nullopt;

  /// When dead workers are replaced; see RestartOptions.
  RestartOptions restart = {};

  /// Limits of each worker's process; see Limits. All are unset by default, except that a worker
  /// runs at niceness 10, so that workers do not make the master's loop wait for a processor.
  Limits limits = {};

  /// How long both ends poll for the next message before they sleep. Default zero: they do not
  /// poll. Useful for short jobs that are sent one at a time, where latency matters more than a
  /// core: waking a process that sleeps on another core takes tens of microseconds. 50 us is a good
  /// value. The master polls while it waits for a job that is not known to take longer than this,
  /// and only while fewer workers are busy than there are cores. A worker polls for a shorter and
  /// shorter time when nothing comes. Price: processor time at both ends.
  Duration spin = Duration::zero();

  /// A Cap'n Proto interface of this program's that jobs may call: exportToJobs(kj::heap<Impl>()),
  /// in <phial/master/parent.h>. Default: none.
  ParentExport parent = {};

  /// How many jobs may wait at a time for jobs that they have called (currentJob().call()). A job
  /// that waits lends its place to another worker, so up to this number of workers live besides
  /// `max`: as many as the calls are deep, in a larger pool up to `max` times as many. One job more
  /// fails with TooManyWaiting. Default 64. Price: the memory of a worker for each.
  std::size_t maxWaiting = 64;

  /// How long a worker may take from its spawn to the handshake, onStart included. The same limit
  /// applies to taking up a job that was sent to the worker: if the worker does not begin it in
  /// this time, the worker hangs and is ended (DeathCause::unresponsive), and the job goes to
  /// another worker. After two such workers the job fails with WorkerDied. A job can thus be on its
  /// way for at most twice this time and the start of a worker. Default 30 s.
  Duration startTimeout = std::chrono::seconds(30);

  /// See SigtermToWorker. Default: the worker ignores it. A program that installs its own SIGTERM
  /// handler in its workers keeps the handler either way.
  SigtermToWorker sigterm = SigtermToWorker::isLeftToMaster;

  /// See StoppedWorker. Default: the pool ends the worker. Otherwise a stopped job without a
  /// timeout would hold its worker and its caller without end.
  StoppedWorker stopped = StoppedWorker::isEnded;

  /// See TracedWorker. Default: limits stay as they are, because running strace in production must
  /// not lift them.
  TracedWorker traced = TracedWorker::isAsAnyOther;

  /// The largest message in either direction, in bytes. Default 4 GiB. A job whose arguments or
  /// result need more fails with EncodingError.
  std::uint64_t maxMessageBytes = std::uint64_t{4} << 30;

  /// The shared memory for messages above 256 KiB, in bytes, for each worker and direction. Default
  /// 1 GiB; 0: none. A message that does not fit, because it is larger or because other messages
  /// lie there, goes through the pipe, which is slower. Price: address space. Memory is used only
  /// as far as messages have filled it, and goes back to the system when no large message has come
  /// for some seconds.
  std::uint64_t arenaBytes = std::uint64_t{1} << 30;

  /// How much memory the master keeps for the next large argument, in bytes. It serves arguments
  /// above 256 KiB that are copied because the caller keeps them. Default 256 MiB; 0: keep none.
  /// Only memory that such arguments have used is kept, and it goes back to the system when no such
  /// argument has come for ten seconds. Price of 0: memory that is new to the process takes two to
  /// ten times as long to fill.
  std::uint64_t cacheBytes = std::uint64_t{256} << 20;

  /// Warm workers: prepareWith<load>(args...). The pool spawns one more process, the template,
  /// which calls `load(args...)` once. From then on each worker is forked from the template and
  /// shares the memory that `load` has filled, until one of them writes to it. A worker that has
  /// died is replaced in less time than a program takes to start, however long `load` took.
  /// Default: no template; each worker is spawned.
  ///
  /// `load` must leave the process with one thread. If it throws, leaves a second thread, ends its
  /// process or takes longer than `startTimeout`, the workers that wait for it do not start, and
  /// the pool reports StartupFailed with the reason and the template's stderr. If the template is
  /// killed, or dies later, the pool says so in the log, spawns workers that call `load`
  /// themselves, and prepares a new template after a pause (RestartOptions). reload() replaces the
  /// template first. DeathCertificate::origin says how a worker was started. worker/README.md says
  /// what forked workers share and what they do not.
  ///
  /// Price: the template's memory, and that of one worker that waits to be needed; both share
  /// what `load` has filled. Arguments as for `onStart`.
  WorkerPreparation warm = {};

  /// What each worker does before its first job: startWith<f>(args...). It runs in every worker,
  /// replacements and reloaded ones included, after the worker program's own onStart and before the
  /// worker counts as ready; `startTimeout` covers it. If it throws, the worker does not serve, and
  /// the pool reports StartupFailed with the exception's text and the worker's stderr. What it
  /// changes in the worker, such as the working directory, stays for the jobs. Default: nothing.
  /// Price: the arguments are written on the loop for each worker, about 1 ms for 100 kB of text;
  /// pass a path or a SharedArray in place of large data.
  WorkerStart onStart = {};

  /// Receives the pool's log records of every level, one line each: deaths, what workers print,
  /// exceptions of the observer. Called from the loop when the pool's own bookkeeping is complete,
  /// so the function may call the pool or destroy it. Default empty: records go to the process-wide
  /// sink (setLogSink), by default to stderr from level info on. Price: while the function runs,
  /// the loop stands still.
  LogFunction onLog = {};
};

/// What the pool does with a job whose worker dies. If the job had not begun, it runs elsewhere
/// whatever this says.
enum class Rerun {
  unlessBegun,  ///< if it had begun, it fails with WorkerDied; otherwise it runs elsewhere
  never,        ///< as unlessBegun, but the job travels alone, to a free worker, never in advance
  /// Also a job that had begun runs again, until maxAttempts workers have died; then PoisonJob.
  /// Before it runs again it waits: at most 10 ms after the first death, twice as long after each
  /// further one, at most one second. A random jitter shortens each wait by up to half. The waits
  /// give a passing cause time to pass.
  always,
};

/// What the pool does with a running job that is cancelled or whose deadline passes. In either case
/// the job's Deferred fails at once and currentJob().cancelled() becomes true.
enum class OnCancel {
  stop,    ///< if the job still runs after `grace`, its worker is ended
  finish,  ///< the job runs to its end, or to its `timeout`: for work that should not cost a worker
};

/// The options of one job. Fields stand in the order in which a designated initializer must name
/// them. A value out of range fails the job with std::invalid_argument.
struct JobOptions {
  /// The longest running time, counted from the moment the function is entered. When it has passed,
  /// the worker is ended and the job fails with JobTimedOut. Reading the arguments may take as long
  /// again before the function is entered. Default: PoolOptions::timeout.
  std::optional<Duration> timeout = std::nullopt;

  /// The running time after which the job is asked to give up: currentJob().cancelled() becomes
  /// true. What the function then returns or throws is the result, such as a partial one. If the
  /// function still runs `grace` later, its worker is ended and the job fails with
  /// SoftTimeoutExceeded. Default: none.
  std::optional<Duration> softTimeout = std::nullopt;

  /// The point on the pool's clock by which the result must be there. When it passes, the job fails
  /// with DeadlineExceeded. A job that has not begun never runs then; a job that is running is
  /// asked to give up, and `onCancel` says what happens when it does not. Default: none.
  std::optional<TimePoint> deadline = std::nullopt;

  /// Jobs with a higher number are dispatched first; jobs with equal numbers in the order of
  /// submission. Default 0. The priority orders only the jobs that wait in the queue. Jobs that a
  /// worker has been sent in advance run before them: up to two batches of short jobs, or one next
  /// job of up to 20 ms. While more than 32 workers are busy and all queued jobs have one priority,
  /// batches may hold up to 0.25 s of work.
  int priority = 0;

  /// What happens to the job when its worker dies; see Rerun. Default: it fails if it had begun.
  Rerun rerun = Rerun::unlessBegun;

  /// With Rerun::always: after how many deaths of its workers the job fails with PoisonJob. Default
  /// 3. Only deaths count. An exception of the function is its result and is not tried again;
  /// neither is a job that exceeds its timeout.
  unsigned maxAttempts = 3;

  /// The job's name in logs and certificates, and for currentJob().label(). Default empty.
  Held<std::string> label = {};

  /// See OnCancel. Default: stop. A job with `finish` that never ends holds its worker; give it a
  /// timeout.
  OnCancel onCancel = OnCancel::stop;

  /// Called from the loop with the job's reports (currentJob().progress()): a fraction from 0 to 1
  /// and a note of up to 256 bytes. Both are the job's own words: check them, and expect a note
  /// that is not valid UTF-8. Called at most 20 times a second, and once more with the last report
  /// before the job's Deferred fires, also when the job fails or its worker dies. Not called after
  /// cancel(). An exception of the callback is logged. Default: none.
  Held<std::function<void(double fraction, std::string_view note)>> onProgress = {};

  /// True: the job gets a worker that has served nobody before it, and that is retired after it.
  /// For code that leaves something behind, or must find nothing. If no such worker is ready, one
  /// is started; at `max` workers an idle worker is retired to make room, as soon as the jobs that
  /// were submitted before this one, or have a higher priority, leave one idle. Default: any
  /// worker. Price: the start of a process for each job. On a lease, which has its worker already,
  /// the job fails with std::invalid_argument.
  bool freshWorker = false;

  /// Where the job belongs in a distributed trace: a W3C traceparent, such as
  /// "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01". The job finds it in
  /// currentJob().trace(), observers in JobReport::trace, and a trace file at the job's slices.
  /// Phial passes the text on as it is and makes no span of its own. A text that is no traceparent
  /// is a std::invalid_argument. Default empty: none.
  Held<std::string> trace = {};
};

/// When forEach and forEachOutcome hand a result over.
enum class Order {
  range,       ///< in the order of the range
  completion,  ///< as its chunk ends, whatever is before it
};

/// The options of map, mapOutcomes, forEach and forEachOutcome. Fields stand in the order in which
/// a designated initializer must name them.
struct MapOptions {
  /// The options of each chunk, which is one job, with two differences. `timeout` and `softTimeout`
  /// apply to one element, as PoolOptions::timeout does, because a caller cannot choose a limit for
  /// a chunk whose size the library decides. If an element gives up at its soft timeout, what the
  /// function returns or throws is this element's result, and the elements after it run. `deadline`
  /// applies to the whole range. Price of a timeout: reading the clock for each element, about 25
  /// ns.
  JobOptions job = {};

  /// How many elements a chunk has. Default 0: the library decides. It begins with one element,
  /// grows at most fourfold a step, and aims at chunks that run for 10 ms and whose message is
  /// below a mebibyte. Near the end of a range of known size chunks become smaller, so that all
  /// workers end together. Price: each chunk costs about 0.1 ms; in a large chunk, elements wait
  /// for a slow element before them.
  std::size_t chunk = 0;

  /// How many chunks are submitted at a time. Default 0: two for each worker that the pool may
  /// have, so that one chunk runs and one waits.
  std::size_t inFlight = 0;

  /// Of forEach and forEachOutcome; a map's vector has the order of the range always. With
  /// Order::completion a slow element holds up the rest of its chunk, and no other.
  Order order = Order::range;
};

/// How a pool stops.
struct StopOptions {
  /// True: the queued jobs are still run. False, the default: they fail with PoolStopped.
  bool drainQueue = false;

  /// How long jobs, queued ones included, may go on. After that time the workers are killed, and
  /// unfinished jobs fail with PoolStopped. Default: no limit. Zero: at once. If stop() is called
  /// several times, the earliest end counts.
  std::optional<Duration> within = std::nullopt;
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
