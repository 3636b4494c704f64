// When a worker is ended for what it does with its time: jobs that do not give up, that run for too
// long, that are not taken up.
//
// A timer fires as late as the loop lets it, and much may have happened since it was set. Each one
// therefore asks, at the moment when it fires, whether its reason still holds: whether the process
// lives, and whether that very job still runs there.
#include <phial/protocol/saturating_time.h>

#include <csignal>
#include <string>
#include <utility>

#include "master/worker/worker_process.h"

namespace phial::detail {
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
    endWithTrace(cause, detail + child_->tracerNote());
  }
  if (!waiting.empty()) env_.owner.workerGaveBack(*this, waiting);
  return !over;
}

// The worker writes where it is, and then ends itself by the signal that it finds on its page.
void WorkerProcess::endWithTrace(DeathCause cause, std::string detail) {
  if (!beginEnding(cause, std::move(detail))) return;
  page_->requestEnd(env_.options.timeoutSignal);
  child_->endWithTrace(env_.options.timeoutSignal);
}

void WorkerProcess::checkTakeUp() {
  if (state_ != WorkerState::busy || child_->process().hasEnded()) return;
  if (writing_) return;  // it has been sent nothing yet
  const auto& batch = inFlight_.batches().front();
  const auto seen = takeUpProgress();
  if (takeUp_.inTime(batch.sentAt, seen)) return;
  // What has begun is for the timeouts of the jobs to end.
  const bool allBegun = seen.begun == batch.jobs.size() && inFlight_.held() > 0;
  const bool atWork = allBegun || page_->running();
  if (child_->isHeldByDebugger()) return takeUp_.begin(seen);
  using State = TakeUpWatch::State;
  const auto state = atWork ? child_->process().stopped() ? State::atWorkAndStopped : State::atWork
                            : State::waiting;
  act(takeUp_.look(state, seen));
}

void WorkerProcess::act(TakeUpWatch::Finding finding) {
  switch (finding) {
    case TakeUpWatch::Finding::nothing:
      return;
    case TakeUpWatch::Finding::stopped:
      return env_.log->write(LogLevel::warning, number_,
                             "the process " + std::to_string(child_->process().pid()) +
                                 " has been stopped by a signal while it ran a job");
    case TakeUpWatch::Finding::stillStopped:
      if (env_.options.stopped != StoppedWorker::isEnded) return;
      return endUnresponsive("its job had begun and did not go on");
    case TakeUpWatch::Finding::notTakenUp:
      return endUnresponsive("it did not take up the job that it was sent");
  }
}

void WorkerProcess::endUnresponsive(std::string what) {
  if (child_->process().stopped()) what += "; a signal, such as SIGSTOP, has stopped the process";
  end(DeathCause::unresponsive, SIGKILL, what + child_->tracerNote());
}

TakeUpWatch::Progress WorkerProcess::takeUpProgress() const {
  return {.batch = inFlight_.batches().front().number,
          .begun = page_->begunOfOldest(),
          .bytesSent = link_->writePending() ? link_->bytesSent() : 0};
}

}  // namespace phial::detail
