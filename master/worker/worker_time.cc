// When a worker is ended for what it does with its time: jobs that do not give up, that run for too
// long, that are not taken up.
//
// A timer fires as late as the loop lets it, and much may have happened since it was set. Each one
// therefore asks, at the moment when it fires, whether its reason still holds: whether the process
// lives, and whether that very job still runs there.
#include <phial/protocol/saturating_time.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>

#include "master/worker/worker_process.h"

namespace phial::detail {
namespace {

// For a stack of some dozen functions: it takes less than one millisecond, more under a sanitizer.
constexpr Duration kTraceTime = std::chrono::milliseconds(100);

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

// Whether nothing that the worker does, or fails to do, is to end it.
bool WorkerProcess::isWaitedFor() const {
  return env_.options.traced == TracedWorker::isWaitedFor && tracerOf(process_->pid()) != 0;
}

void WorkerProcess::giveUp(std::uint64_t job, DeathCause cause, std::string detail,
                           std::uint64_t element) {
  if (!raiseCancel(job, element)) return;
  watchGivingUp({.job = job,
                 .element = element,
                 .cause = cause,
                 .detail = std::move(detail),
                 .due = saturatingAdd(env_.clock.now(), env_.options.grace)});
}

void WorkerProcess::letFinish(std::uint64_t job, std::optional<Duration> timeout) {
  if (!raiseCancel(job, 0) || !timeout) return;
  const Duration ran = runningFor().value_or(Duration::zero());
  watchGivingUp({.job = job,
                 .element = 0,
                 .cause = DeathCause::timeout,
                 .detail = "its job was cancelled, and then ran longer than its timeout",
                 .due = saturatingAdd(env_.clock.now() - ran, *timeout)});
}

// False: there is nothing to wait for.
bool WorkerProcess::raiseCancel(std::uint64_t job, std::uint64_t element) {
  const auto place = inFlight_.find(job);
  if (!place || page_->delivered(*place)) return false;  // it has ended
  if (reading_ && reading_->job == job) {
    reading_->result->stop();
    return false;
  }
  // There is one word, and jobs run in order: if it names a later job, this one has returned.
  if (page_->passed(*place)) return true;
  if (element != 0 && giveUps_.hasWhole(job)) return false;
  page_->raiseCancel(job, element);
  return true;
}

void WorkerProcess::watchGivingUp(GiveUps::Entry entry) {
  if (state_ == WorkerState::busy && giveUps_.add(std::move(entry))) report();
}

void WorkerProcess::endOverdue() {
  // Its end is about to be reported.
  if (process_->hasEnded()) return;
  const auto heldBy = isWaitedFor() ? GiveUps::HeldBy::debugger : GiveUps::HeldBy::nobody;
  while (auto overdue = giveUps_.nextOverdue(*page_, heldBy)) {
    if (endForJob(overdue->job, overdue->cause, std::move(overdue->detail))) return;
  }
  report();
}

bool WorkerProcess::timeOut(std::uint64_t job, std::string detail, IfReturned ifReturned) {
  if (process_->hasEnded() || isWaitedFor()) return false;
  if (page_->stageOf(job) == WorkerPage::Stage::running) {
    return endForJob(job, DeathCause::timeout, std::move(detail));
  }
  if (ifReturned == IfReturned::wait) return false;
  if (page_->stageOf(job) == WorkerPage::Stage::over) {
    // What has arrived has been read since: it was never answered.
    end(DeathCause::protocol, SIGKILL, "it went on without answering job " + std::to_string(job));
    return true;
  }
  return endForJob(job, DeathCause::timeout, std::move(detail));
}

// Ends the worker because of a job. Those that wait behind it are taken back first: one that began
// as the signal went out would die of a job that is not its own. False: the job has ended
// meanwhile, and the worker is not ended.
bool WorkerProcess::endForJob(std::uint64_t job, DeathCause cause, std::string detail) {
  const auto waiting = takeBackLast(inFlight_.held());
  const bool over = page_->stageOf(job) == WorkerPage::Stage::over;
  if (!over) {
    if (cause == DeathCause::timeout) inFlight_.expire(job);
    endWithTrace(cause, detail + tracerNote());
  }
  if (!waiting.empty()) env_.owner.workerGaveBack(*this, waiting);
  return !over;
}

// The worker writes where it is, and then ends itself by the signal that it finds on its page. It
// may be unable to, or unwilling: a moment later it is sent that signal.
void WorkerProcess::endWithTrace(DeathCause cause, std::string detail) {
  const int signal = env_.options.timeoutSignal;
  if (!beginEnding(cause, std::move(detail))) return;
  page_->requestEnd(signal);
  if (!process_->kill(SIGURG)) return end(cause, signal);
  traceTimer_ = env_.reactor.callLater(kTraceTime, [this, signal] { sendEnd(signal); });
  killAfterGrace();
}

void WorkerProcess::checkTakeUp() {
  if (state_ != WorkerState::busy || process_->hasEnded()) return;
  if (writing_) return;  // it has been sent nothing yet
  const auto& batch = inFlight_.batches().front();
  const auto seen = takeUpProgress();
  if (takeUp_.inTime(batch.sentAt, seen)) return;
  // What has begun is for the timeouts of the jobs to end.
  const bool allBegun = seen.begun == batch.jobs.size() && inFlight_.held() > 0;
  const bool atWork = allBegun || page_->running();
  if (isWaitedFor()) return takeUp_.begin(seen);
  using State = TakeUpWatch::State;
  const auto state =
      atWork ? process_->stopped() ? State::atWorkAndStopped : State::atWork : State::waiting;
  act(takeUp_.look(state, seen));
}

void WorkerProcess::act(TakeUpWatch::Finding finding) {
  switch (finding) {
    case TakeUpWatch::Finding::nothing:
      return;
    case TakeUpWatch::Finding::stopped:
      return env_.log->write(LogLevel::warning, number_,
                             "the process " + std::to_string(process_->pid()) +
                                 " has been stopped by a signal while it ran a job");
    case TakeUpWatch::Finding::stillStopped:
      if (env_.options.stopped != StoppedWorker::isEnded) return;
      return endUnresponsive("its job had begun and did not go on");
    case TakeUpWatch::Finding::notTakenUp:
      return endUnresponsive("it did not take up the job that it was sent");
  }
}

void WorkerProcess::endUnresponsive(std::string what) {
  if (process_->stopped()) what += "; a signal, such as SIGSTOP, has stopped the process";
  end(DeathCause::unresponsive, SIGKILL, what + tracerNote());
}

// For the certificate: what a tracer does to a worker looks like the worker's own doing.
std::string WorkerProcess::tracerNote() const {
  const pid_t tracer = tracerOf(process_->pid());
  return tracer == 0 ? "" : "; process " + std::to_string(tracer) + " traces it";
}

TakeUpWatch::Progress WorkerProcess::takeUpProgress() const {
  return {.batch = inFlight_.batches().front().number,
          .begun = page_->begunOfOldest(),
          .bytesSent = link_->writePending() ? link_->bytesSent() : 0};
}

}  // namespace phial::detail
