// The process of a worker: its output, and how it is ended.
//
// Ending has steps, each stronger than the last, `grace` apart:
//
//   a signal to the process group        or: SIGURG, upon which the worker writes where it is and
//                                        ends itself; the signal follows a moment later
//   SIGKILL                              a host that has dropped its privileges may not send it:
//                                        then the lifeline is cut, and the kernel kills the group
//   lost                                 it could not be signalled, has closed its lifeline, and
//                                        lives on: the owner is told
//
// A debugger that holds the process, if the pool waits for it, delays each step but the first.
//
// Thread rule: the loop's. The log's function may destroy the worker: it is called last.
#pragma once

#include <phial/master/death_certificate.h>
#include <phial/master/process.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "master/process/oom_kills.h"
#include "master/worker/death_reason.h"
#include "master/worker/log_capture.h"
#include "master/worker/worker_environment.h"

namespace phial::inline v1::detail {

class WorkerChild {
 public:
  /// Takes over the process. `environment` is borrowed. `onLost` is called from a timer, perhaps
  /// when this object is gone, and may destroy it.
  /// `oomMark` is what the kernel had counted before the spawn.
  WorkerChild(const WorkerEnvironment& environment, std::uint64_t number, Process process,
              std::optional<OomKills::Mark> oomMark, std::function<void()> onLost);
  /// Kills and reaps what still runs.
  ~WorkerChild() { stopTimers(); }
  WorkerChild(const WorkerChild&) = delete;
  WorkerChild& operator=(const WorkerChild&) = delete;

  const Process& process() const { return process_; }
  /// As Process::onExit().
  void onExit(std::function<void(const ExitStatus&)> f) { process_.onExit(std::move(f)); }
  /// Its standard output and error. Shared with the call that reads the last of them.
  const std::shared_ptr<LogCapture>& output() const { return output_; }
  /// Resident memory now; nothing when the system does not show it.
  std::optional<std::uint64_t> residentBytes();
  /// True if a debugger holds the process, and the pool's options say to wait for it: then nothing
  /// that the worker does, or fails to do, is to end it.
  bool isHeldByDebugger() const;
  /// "; process 4711 traces it" if somebody does: what a tracer does to a worker looks like the
  /// worker's own doing.
  std::string tracerNote() const;

  /// Sends `signal` to the process group, and SIGKILL a `grace` later.
  void end(int signal);
  /// The same, for a worker that has been asked to write where it is.
  void endWithTrace(int signal);
  /// SIGKILL a `grace` from now, unless the process ends by itself.
  void killAfterGrace();
  /// True while a SIGKILL is to come.
  bool killIsPending() const { return killTimer_.active(); }

  /// The process should end in a moment: its pipe is closed, or it has said so. Calls `overdue` if
  /// it does not.
  void expectEnd(std::function<void()> overdue);
  bool endIsExpected() const { return verdictTimer_.active(); }

  /// The process has ended: nothing of the above happens any more.
  void stopTimers();

  /// What the process's end tells: its status, what it used, and whether the kernel's out-of-memory
  /// killer ended it. Takes one kill of those that the kernel has counted as the explanation, so
  /// ask once, and only of an end that was not the pool's doing.
  DeathEvidence claimEvidence(const ExitStatus& status) const;
  /// Writes the process's number, what it used, and its last words into `death`.
  void attest(DeathCertificate& death) const;

 private:
  void signalGroup(int signal);
  void kill();
  void graceIsOver();

  const WorkerEnvironment& env_;
  const std::uint64_t number_;
  const std::function<void()> onLost_;
  Process process_;
  const std::optional<OomKills::Mark> oomMark_;
  std::shared_ptr<LogCapture> output_;
  std::optional<pid_t> numberInProc_;  // 0: /proc does not show it
  bool lifelineCut_ = false;           // it cannot be signalled, and its lifeline has been cut
  DelayedCall traceTimer_;
  DelayedCall killTimer_;
  DelayedCall verdictTimer_;
};

}  // namespace phial::inline v1::detail
