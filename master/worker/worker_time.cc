// When a worker is ended for what it does with its time: jobs that do not give up, that run for too
// long, that are not taken up.
#include <phial/protocol/saturating_time.h>

#include <csignal>
#include <string>
#include <utility>

#include "master/worker/worker_process.h"

namespace phial::inline v1::detail {
namespace {

TakeUpWatch::Progress progressOf(const InFlight& jobs, const WorkerPage& page,
                                 const WorkerLink& link) {
  return {.batch = jobs.batches().front().number,
          .begun = page.begunOfOldest(),
          .bytesSent = link.writePending() ? link.bytesSent() : 0};
}

}  // namespace

void WorkerProcess::giveUp(std::uint64_t job, DeathCause cause, std::string detail,
                           std::uint64_t element) {
  if (!raiseCancel(job, element) || state_ != WorkerState::busy) return;
  if (giveUps_.add({.job = job,
                    .element = element,
                    .cause = cause,
                    .detail = std::move(detail),
                    .due = saturatingAdd(env_.clock.now(), env_.options.grace)})) {
    report();
  }
}

void WorkerProcess::letFinish(std::uint64_t job, std::optional<Duration> timeout) {
  if (!raiseCancel(job, 0) || state_ != WorkerState::busy || !timeout) return;
  const Duration ran = runningFor().value_or(Duration::zero());
  if (giveUps_.add({.job = job,
                    .element = 0,
                    .cause = DeathCause::timeout,
                    .detail = "its job was cancelled, and then ran longer than its timeout",
                    .due = saturatingAdd(env_.clock.now() - ran, *timeout)})) {
    report();
  }
}

// False: there is nothing to wait for.
bool WorkerProcess::raiseCancel(std::uint64_t job, std::uint64_t element) {
  const auto place = inFlight_.find(job);
  if (!place || page_->delivered(*place)) return false;  // it has ended
  if (conversation_->stopReading(job)) return false;
  // There is one word, and jobs run in order: if it names a later job, this one has returned.
  if (page_->passed(*place)) return true;
  if (element != 0 && giveUps_.hasWhole(job)) return false;
  page_->raiseCancel(job, element);
  items_->wakeForCancel(job);
  // A job that waits looks at the word when its wait is over.
  const JobWait* const wait = conversation_->parent().wait();
  if (wait != nullptr && wait->job == job) {
    conversation_->parent().endWait(JobWaitEnd::cancelled, {});
    env_.owner.workerWaits(*this, nullptr);
  }
  return true;
}

void WorkerProcess::endOverdue() {
  // Its end is about to be reported.
  if (child_->process().hasEnded()) return;
  const auto heldBy =
      child_->isHeldByDebugger() ? GiveUps::HeldBy::debugger : GiveUps::HeldBy::nobody;
  while (auto overdue = giveUps_.nextOverdue(*page_, heldBy)) {
    if (endForJob(overdue->job, overdue->cause, std::move(overdue->detail))) return;
  }
  report();
}

bool WorkerProcess::timeOut(std::uint64_t job, std::string detail, IfReturned ifReturned) {
  if (child_->process().hasEnded() || child_->isHeldByDebugger()) return false;
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
    if (beginEnding(cause, detail + child_->tracerNote())) {
      page_->requestEnd(env_.options.timeoutSignal);
      child_->endWithTrace(env_.options.timeoutSignal);
    }
  }
  if (!waiting.empty()) env_.owner.workerGaveBack(*this, waiting);
  return !over;
}

void WorkerProcess::watchTakeUp() {
  if (takeUp_.active()) return;
  takeUp_.begin(progressOf(inFlight_, *page_, conversation_->link()));
}

void WorkerProcess::checkTakeUp() {
  if (state_ != WorkerState::busy || child_->process().hasEnded()) return;
  if (conversation_->isWriting()) return;  // it has been sent nothing yet
  const auto& batch = inFlight_.batches().front();
  const auto seen = progressOf(inFlight_, *page_, conversation_->link());
  if (takeUp_.inTime(batch.sentAt, seen)) return;
  if (child_->isHeldByDebugger()) return takeUp_.begin(seen);
  using State = TakeUpWatch::State;
  // What has begun is for the timeouts of the jobs to end.
  const bool allBegun = seen.begun == batch.jobs.size() && inFlight_.held() > 0;
  if (!allBegun && !page_->running()) return act(takeUp_.look(State::waiting, seen));
  const bool stopped = child_->process().stopped();
  act(takeUp_.look(stopped ? State::atWorkAndStopped : State::atWork, seen));
}

void WorkerProcess::act(TakeUpWatch::Finding finding) {
  using Finding = TakeUpWatch::Finding;
  if (finding == Finding::nothing) return;
  if (finding == Finding::stopped) {
    const auto log = env_.log;  // whose function may destroy the pool
    return log->write(LogLevel::warning, number_,
                      "the process " + std::to_string(child_->process().pid()) +
                          " has been stopped by a signal while it ran a job");
  }
  if (finding == Finding::stillStopped && env_.options.stopped != StoppedWorker::isEnded) return;
  std::string what = finding == Finding::notTakenUp ? "it did not take up the job that it was sent"
                                                    : "its job had begun and did not go on";
  if (child_->process().stopped()) what += "; a signal, such as SIGSTOP, has stopped the process";
  end(DeathCause::unresponsive, SIGKILL, what + child_->tracerNote());
}

}  // namespace phial::inline v1::detail
