#include "master/worker/worker_child.h"

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <utility>

#include "master/process/pidfd.h"
#include "master/process/resident_memory.h"

namespace phial::inline v1::detail {
namespace {

// For a stack of some dozen functions: it takes less than one millisecond, more under a sanitizer.
constexpr Duration kTraceTime = std::chrono::milliseconds(100);

// How long a worker that has closed its reply pipe may take to be seen dead. The kernel closes a
// dying process's descriptors before it reports the end, so a healthy death is microseconds away.
constexpr Duration kVerdictDelay = std::chrono::milliseconds(500);

// The process that traces `pid`; 0 when none does.
pid_t tracerOf(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  const std::string name = "TracerPid:";
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name)) return std::atoi(line.c_str() + name.size());
  }
  return 0;
}

}  // namespace

WorkerChild::WorkerChild(const WorkerEnvironment& environment, std::uint64_t number,
                         Process process, std::optional<OomKills::Mark> oomMark,
                         std::function<void()> onLost)
    : env_(environment),
      number_(number),
      onLost_(std::move(onLost)),
      process_(std::move(process)),
      oomMark_(std::move(oomMark)),
      output_(std::make_shared<LogCapture>(env_.reactor, env_.log, number_, process_.takePipe(1),
                                           process_.takePipe(2))) {}

void WorkerChild::stopTimers() {
  for (auto* timer : {&traceTimer_, &killTimer_, &verdictTimer_}) timer->cancel();
}

std::optional<std::uint64_t> WorkerChild::residentBytes() {
  if (!numberInProc_) numberInProc_ = numberInProc(process_.pidfd()).value_or(0);
  return *numberInProc_ > 0 ? detail::residentBytes(*numberInProc_) : std::nullopt;
}

bool WorkerChild::isHeldByDebugger() const {
  return env_.options.traced == TracedWorker::isWaitedFor && tracerOf(process_.pid()) != 0;
}

std::string WorkerChild::tracerNote() const {
  const pid_t tracer = tracerOf(process_.pid());
  return tracer == 0 ? "" : "; process " + std::to_string(tracer) + " traces it";
}

void WorkerChild::end(int signal) {
  killAfterGrace();
  signalGroup(signal);
}

// It may be unable to write, or unwilling to end itself.
void WorkerChild::endWithTrace(int signal) {
  if (!process_.kill(SIGURG)) return end(signal);
  traceTimer_ = env_.reactor.callLater(kTraceTime, [this, signal] { signalGroup(signal); });
  killAfterGrace();
}

void WorkerChild::signalGroup(int signal) {
  if (signal == SIGKILL || !process_.killGroup(signal)) kill();
}

void WorkerChild::killAfterGrace() {
  killTimer_.cancel();
  killTimer_ = env_.clock.callLater(env_.options.grace, [this] { graceIsOver(); });
}

// Says so, last, when the process cannot be signalled.
void WorkerChild::kill() {
  using Termination = Process::Termination;
  const auto how = process_.terminate();
  if (how != Termination::byLifeline && how != Termination::refused) return;
  if (std::exchange(lifelineCut_, true)) return;
  const auto log = env_.log;
  log->write(LogLevel::warning, number_,
             "the process " + std::to_string(process_.pid()) + " cannot be signalled any more: " +
                 (how == Termination::byLifeline ? "its lifeline is cut instead"
                                                 : "nothing is left to end it by"));
}

// The kernel kills by signal or by lifeline at once, and what it holds itself passes. One that
// lives on for another `grace` though it could not be signalled has closed its lifeline.
void WorkerChild::graceIsOver() {
  if (isHeldByDebugger()) return killAfterGrace();
  if (lifelineCut_) {
    process_.terminate();
    const auto lost = onLost_;  // the log's function may destroy this
    const auto log = env_.log;
    log->write(LogLevel::error, number_,
               "the process " + std::to_string(process_.pid()) +
                   " cannot be ended, and lives on outside of the pool");
    return lost();
  }
  killAfterGrace();
  kill();
}

void WorkerChild::expectEnd(std::function<void()> overdue) {
  verdictTimer_ = env_.reactor.callLater(kVerdictDelay, [this, overdue = std::move(overdue)] {
    // The loop may have been held up since: then the end is about to be reported.
    if (!process_.hasEnded()) overdue();
  });
}

DeathEvidence WorkerChild::claimEvidence(const ExitStatus& status) const {
  DeathEvidence evidence{.status = status, .resources = process_.resources()};
  if (status == ExitStatus(Signalled{SIGKILL}) && oomMark_) {
    evidence.oomKill = env_.oomKills.claim(*oomMark_);
  }
  return evidence;
}

void WorkerChild::attest(DeathCertificate& death) const {
  death.pid = process_.pid();
  death.resources = process_.resources();
  const StderrExcerpt& said = output_->excerpt();
  death.stderrHead = said.first();
  death.stderrLeftOut = said.leftOut();
  death.stderrTail = said.last();
}

}  // namespace phial::inline v1::detail
