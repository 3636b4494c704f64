#include "master/pool/job_timers.h"

#include <phial/master/errors.h>
#include <phial/protocol/saturating_time.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <utility>

namespace phial::inline v1::detail {
namespace {

constexpr const char* kNotGivenUp = "its job did not give up";

std::string seconds(Duration duration) {
  char text[32];
  std::snprintf(text, sizeof text, "%g s", std::chrono::duration<double>(duration).count());
  return text;
}

}  // namespace

void JobTimers::watchDeadline(JobEntry& entry) {
  const auto& deadline = entry.job->options().deadline;
  if (!deadline) return;
  const Duration left = saturatingSubtract(*deadline, context_.clock.now());
  books_.stateOf(entry).deadline =
      context_.clock.callLater(left, [this, id = entry.id()] { deadlinePassed(id); });
}

void JobTimers::watchRun(JobEntry& entry) {
  const JobOptions& options = entry.job->options();
  const auto timeout = options.timeout ? options.timeout : context_.options.timeout;
  if (timeout) watch(entry.id(), Limit::hard, *timeout, *timeout);
  if (const auto soft = options.softTimeout) watch(entry.id(), Limit::soft, *soft, *soft);
}

void JobTimers::watch(std::uint64_t id, Limit limit, Duration timeout, Duration delay) {
  JobState& state = *books_.at(id).state;
  (limit == Limit::soft ? state.softTimeout : state.timeout) =
      context_.clock.callLater(delay, [this, id, limit, timeout] { check(id, limit, timeout); });
}

void JobTimers::check(std::uint64_t id, Limit limit, Duration timeout) {
  JobEntry& entry = books_.at(id);
  PoolWorker& worker = *entry.worker();
  const bool ofElement = entry.job->function().timed == Timed::element;
  const auto element = ofElement ? worker.atElement(id) : std::nullopt;
  JobStage stage{.begun = worker.jobBegun(id), .returned = worker.jobReturned(id)};
  if (!ofElement) stage.startDelay = worker.startDelay(id);
  if (element) stage.startDelay = element->startDelay;
  using Look = JobClock::Look;
  const auto [look, delay] =
      entry.state->clock.look(stage, timeout, context_.options.grace, context_.clock.now());
  if (look == Look::again) return watch(id, limit, timeout, delay);
  using IfReturned = PoolWorker::IfReturned;
  timeIsUp(entry, limit, timeout, element ? element->number : 0,
           look == Look::isUp ? IfReturned::wait : IfReturned::end);
}

// Of the whole job, or of the one element that is not 0.
void JobTimers::timeIsUp(JobEntry& entry, Limit limit, Duration timeout, std::uint64_t element,
                         PoolWorker::IfReturned ifReturned) {
  PoolWorker& worker = *entry.worker();
  const auto id = entry.id();
  const std::string who = element != 0 ? "the element" : "its job";
  if (limit == Limit::soft) {
    worker.giveUp(id, DeathCause::softTimeout,
                  who + " did not give up within " + seconds(context_.options.grace) +
                      " of its soft timeout of " + seconds(timeout),
                  element);
    if (element != 0) watch(id, limit, timeout, timeout);  // of the elements after it
    return;
  }
  const bool ended = worker.timeOut(id, who + " ran longer than " + seconds(timeout), ifReturned);
  // It has ended by itself, or returned at this very moment, or a debugger holds it.
  if (!ended) watch(id, limit, timeout, context_.options.grace);
}

void JobTimers::deadlinePassed(std::uint64_t id) {
  JobEntry& entry = books_.at(id);
  const bool running = abandon(entry, DeathCause::deadline);
  books_.fail(entry,
              Failure(DeadlineExceeded(running ? "the deadline passed while the job was running"
                                               : "the deadline passed before the job was begun")));
  context_.pending.finish();
}

bool JobTimers::abandon(JobEntry& entry, DeathCause cause) {
  PoolWorker* const worker = entry.worker();
  const auto id = entry.id();
  if (worker == nullptr || worker->takeBack(id)) return false;
  const JobOptions& options = entry.job->options();
  if (options.onCancel == OnCancel::stop) {
    worker->giveUp(id, cause, kNotGivenUp);
  } else {
    worker->letFinish(id, options.timeout ? options.timeout : context_.options.timeout);
  }
  return true;
}

}  // namespace phial::inline v1::detail
