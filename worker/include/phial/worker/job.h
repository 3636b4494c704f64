// The job that this worker is running, as its function sees it.
//
// What a job may do, and what it leaves behind
// - A worker runs many jobs. Before it waits for the next job it restores what a job may have
//   changed: interval timers and alarms (except those that the program had set before it served),
//   the main thread's signal mask, the umask, and the working directory. It does not restore signal
//   handlers, because a library that a job has loaded may own them; nor timers of timer_create(),
//   the environment, the locale, or resource limits. Threads go on. Short jobs that travel together
//   may follow each other without this: restoring happens at the latest after about fifty times its
//   own cost in running time.
// - A job must not close or replace the worker's own descriptors: 3, 4, 6 to 9, and the event
//   loop's. If it does, the worker ends with DeathCause::damaged. The result of this job is still
//   delivered when possible.
// - A job may fork. In the child currentJob().progress() throws std::logic_error. A child that
//   returns from the job's function, or throws out of it, is ended with a line on stderr. The child
//   should call _exit(), or exec; exit() would run the worker's atexit handlers.
// - If a job dies of SIGSEGV, SIGBUS, SIGFPE, SIGILL or SIGABRT, its stack goes to stderr and to
//   the certificate's `traceback`, unless the program or a sanitizer handles the signal. The same
//   happens when the pool ends a worker for its job's time limit or because a cancelled job did not
//   give up: the worker gets SIGURG first, and has 100 ms to write its stack and end. For function
//   names link with -rdynamic (ENABLE_EXPORTS in CMake).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace phial {

/// The running job. Valid while the function runs. id(), label() and cancelled() may be called from
/// any thread, progress() only from the thread that runs the function.
class CurrentJob {
 public:
  virtual ~CurrentJob() = default;

  /// The pool's number for this job, from 1.
  virtual std::uint64_t id() const = 0;
  /// The caller's name for the job, JobOptions::label; may be empty.
  virtual std::string_view label() const = 0;
  /// True once the job should give up: it was cancelled, or its deadline or soft timeout has
  /// passed. Costs one load. After a soft timeout, what the function returns or throws is still
  /// delivered; in the other cases it is dropped. A job that does not give up is ended by signals
  /// after `grace`, unless JobOptions::onCancel says otherwise.
  virtual bool cancelled() const = 0;
  /// Reports to the caller how far the job has come: a fraction from 0 to 1, and a note for a
  /// person. Only the first 256 bytes of the note are kept; a UTF-8 character is not cut in two.
  ///
  /// The report reaches JobOptions::onProgress, which is called at most 20 times a second. If
  /// reports come faster, the latest counts. The last report arrives before the job's Deferred
  /// fires. Costs about 0.1 us and no memory, so it may be called in an inner loop. At most 20
  /// times a second it also costs a system call.
  ///
  /// Throws std::logic_error on another thread than the one that runs the function, and in a forked
  /// child.
  virtual void progress(double fraction, std::string_view note = {}) = 0;
};

/// The running job. Throws std::logic_error when no job is running.
CurrentJob& currentJob();

}  // namespace phial
