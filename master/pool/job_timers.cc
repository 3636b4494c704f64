#include "master/pool/job_timers.h"

#include <phial/master/errors.h>
#include <phial/protocol/saturating_time.h>

#include <algorithm>
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

void JobTimers::watchRun(JobEntry& entry, RunWatch& watch) {
  const JobOptions& options = entry.job->options();
  const auto timeout = options.timeout ? options.timeout : context_.options.timeout;
  JobState& state = *entry.state;
  if (timeout) begin(watch, state.timeout, entry, *timeout);
  if (options.softTimeout) begin(watch, state.softTimeout, entry, *options.softTimeout);
}

void JobTimers::begin(RunWatch& watch, RunLook& look, const JobEntry& entry, Duration timeout) {
  const TimePoint sent = entry.state->clock.sentAt();
  look.job = entry.id();
  look.timeout = timeout;
  look.at = saturatingAdd(sent, timeout);
  watch.looks.push_back(look);
  setTimer(watch, look.at, sent);
}

void JobTimers::setTimer(RunWatch& watch, TimePoint at, TimePoint now) {
  if (watch.timer.active() && watch.timerAt <= at) return;
  watch.timer.cancel();
  watch.timerAt = at;
  watch.timer = context_.clock.callLater(std::max(Duration::zero(), saturatingSubtract(at, now)),
                                         [this, &watch] { lookAtDue(watch); });
}

// A check may end other jobs of the worker, whose looks leave both lists by themselves.
void JobTimers::lookAtDue(RunWatch& watch) {
  const TimePoint now = context_.clock.now();
  RunLooks due;
  for (auto look = watch.looks.begin(); look != watch.looks.end();) {
    RunLook& current = *look++;
    if (current.at > now) continue;
    current.unlink();
    due.push_back(current);
  }
  while (!due.empty()) {
    RunLook& look = due.front();
    look.unlink();
    const std::uint64_t job = look.job;
    const auto again = check(look);
    if (!again || books_.find(job) == nullptr) continue;
    look.at = saturatingAdd(now, *again);
    watch.looks.push_back(look);
  }
  const auto next = std::ranges::min_element(watch.looks, {}, &RunLook::at);
  if (next != watch.looks.end()) setTimer(watch, next->at, now);
}

// When to look again; nothing when no look is to follow: the job may be gone then.
std::optional<Duration> JobTimers::check(RunLook& look) {
  const std::uint64_t id = look.job;
  JobEntry& entry = books_.at(id);
  PoolWorker& worker = *entry.worker();
  const bool ofElement = entry.job->function().timed == Timed::element;
  const auto element = ofElement ? worker.atElement(id) : std::nullopt;
  JobStage stage{.begun = worker.jobBegun(id), .returned = worker.jobReturned(id)};
  if (!ofElement) stage.startDelay = worker.startDelay(id);
  if (element) stage.startDelay = element->startDelay;
  using Look = JobClock::Look;
  const auto [finding, delay] =
      entry.state->clock.look(stage, look.timeout, context_.options.grace, context_.clock.now());
  if (finding == Look::again) return delay;
  using IfReturned = PoolWorker::IfReturned;
  return timeIsUp(entry, look, element ? element->number : 0,
                  finding == Look::isUp ? IfReturned::wait : IfReturned::end);
}

// Of the whole job, or of the one element that is not 0.
std::optional<Duration> JobTimers::timeIsUp(JobEntry& entry, RunLook& look, std::uint64_t element,
                                            PoolWorker::IfReturned ifReturned) {
  PoolWorker& worker = *entry.worker();
  const Duration timeout = look.timeout;
  const std::string who = element != 0 ? "the element" : "its job";
  if (look.limit == RunLimit::soft) {
    worker.giveUp(entry.id(), DeathCause::softTimeout,
                  who + " did not give up within " + seconds(context_.options.grace) +
                      " of its soft timeout of " + seconds(timeout),
                  element);
    if (element == 0) return std::nullopt;
    return timeout;  // of the elements after it
  }
  const bool ended =
      worker.timeOut(entry.id(), who + " ran longer than " + seconds(timeout), ifReturned);
  if (ended) return std::nullopt;
  // It has ended by itself, or returned at this very moment, or a debugger holds it.
  return context_.options.grace;
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
