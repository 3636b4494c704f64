// The job that this worker is running, as its function sees it.
//
// What a job may do, and what it leaves behind
// - A worker runs many jobs. Before it waits for the next one it puts right what a job has changed
//   of: interval timers and alarms (not those that the program had set before it served), the main
//   thread's signal mask, the umask, the working directory. Not put right: signal handlers, for a
//   library that a job has loaded may own them; timers of timer_create(); the environment, the
//   locale, resource limits; threads, which go on. Jobs of a few microseconds that travel together
//   may follow each other without that: they are looked after once in about fifty times the cost of
//   a look.
// - A job that closes or replaces one of the worker's own descriptors, 3 to 9 and the event loop's,
//   costs its worker: it is replaced with DeathCause::damaged. The result of that job is delivered
//   if it still can be.
// - A job may fork. The child is no worker: currentJob().progress() throws std::logic_error there,
//   and a child that returns from the job's function, or throws out of it, is ended with a line on
//   stderr. It should call _exit(), or exec; exit() would run the worker's atexit handlers.
// - A job that dies of SIGSEGV, SIGBUS, SIGFPE, SIGILL or SIGABRT leaves its stack on stderr and in
//   its certificate's `traceback`, unless the program or a sanitizer handles the signal itself. So
//   does one that is ended for its time limit: it gets SIGURG first, and has 100 ms to be ended by
//   the handler. Link with -rdynamic (ENABLE_EXPORTS in CMake) for function names.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace phial {

/// A view of the running job. Valid while the function runs. id(), label() and cancelled() may be
/// called from any thread of the job, progress() only from the one that runs the function.
class CurrentJob {
 public:
  virtual ~CurrentJob() = default;

  /// The pool's number for this job, from 1.
  virtual std::uint64_t id() const = 0;
  /// The caller's name for it, JobOptions::label; may be empty.
  virtual std::string_view label() const = 0;
  /// True once the master wants the job to give up: it was cancelled, its deadline has passed, or
  /// its soft timeout. Costs one load. What the function returns or throws afterwards is delivered
  /// after a soft timeout only. A job that does not look is ended by signals after `grace`.
  virtual bool cancelled() const = 0;
  /// Tells the caller how far the job has come: a fraction from 0 to 1, and a note for a person, of
  /// which only the first 256 bytes are kept (a UTF-8 character is not cut in two).
  ///
  /// Reaches JobOptions::onProgress, which is called at most 20 times a second; of the reports in
  /// between the last one counts, and the last one of all arrives before the job's Deferred fires.
  /// Costs about 0.1 us and no memory, so it may be called in an inner loop. At most 20 times a
  /// second it also costs a system call.
  ///
  /// Throws std::logic_error on another thread than the one that runs the function.
  virtual void progress(double fraction, std::string_view note = {}) = 0;
};

/// The job that is running. Throws std::logic_error outside of a job.
CurrentJob& currentJob();

}  // namespace phial
