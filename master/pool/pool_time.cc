// The time that a job may take: its timeouts, its deadline, and what becomes of one that runs when
// nobody waits for it any more.
#include <phial/master/errors.h>
#include <phial/protocol/saturating_time.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <utility>

#include "master/pool/pool_core.h"

namespace phial::detail {
namespace {

constexpr const char* kNotGivenUp = "its job did not give up";

std::string seconds(Duration duration) {
  char text[32];
  std::snprintf(text, sizeof text, "%g s", std::chrono::duration<double>(duration).count());
  return text;
}

}  // namespace

void PoolCore::watchTime(std::uint64_t id, Limit limit, Duration timeout, Duration delay) {
  JobState& state = *books_.at(id).state;
  (limit == Limit::soft ? state.softTimeout : state.timeout) =
      clock_.callLater(delay, [this, id, limit, timeout] { checkTime(id, limit, timeout); });
}

void PoolCore::checkTime(std::uint64_t id, Limit limit, Duration timeout) {
  JobEntry& entry = books_.at(id);
  PoolWorker& worker = *entry.worker();
  const bool ofElement = entry.job->function().timed == Timed::element;
  const auto element = ofElement ? worker.atElement(id) : std::nullopt;
  JobStage stage{.begun = worker.jobBegun(id), .returned = worker.jobReturned(id)};
  if (!ofElement) stage.startDelay = worker.startDelay(id);
  if (element) stage.startDelay = element->startDelay;
  using Look = JobClock::Look;
  const auto [look, delay] = entry.state->clock.look(stage, timeout, options_.grace, clock_.now());
  if (look == Look::again) return watchTime(id, limit, timeout, delay);
  using IfReturned = PoolWorker::IfReturned;
  timeIsUp(entry, limit, timeout, element ? element->number : 0,
           look == Look::isUp ? IfReturned::wait : IfReturned::end);
}

// Of the whole job, or of the one element that is not 0.
void PoolCore::timeIsUp(JobEntry& entry, Limit limit, Duration timeout, std::uint64_t element,
                        PoolWorker::IfReturned ifReturned) {
  PoolWorker& worker = *entry.worker();
  const auto id = entry.id();
  const std::string who = element != 0 ? "the element" : "its job";
  if (limit == Limit::soft) {
    worker.giveUp(id, DeathCause::softTimeout,
                  who + " did not give up within " + seconds(options_.grace) +
                      " of its soft timeout of " + seconds(timeout),
                  element);
    if (element != 0) watchTime(id, limit, timeout, timeout);  // of the elements after it
    return;
  }
  const bool ended = worker.timeOut(id, who + " ran longer than " + seconds(timeout), ifReturned);
  // It has ended by itself, or returned at this very moment, or a debugger holds it.
  if (!ended) watchTime(id, limit, timeout, options_.grace);
}

void PoolCore::expire(std::uint64_t id) {
  JobEntry& entry = books_.at(id);
  PoolWorker* const worker = entry.worker();
  const bool running = worker != nullptr && !worker->takeBack(id);
  if (running) askToGiveUp(entry, DeathCause::deadline);
  books_.fail(entry,
              Failure(DeadlineExceeded(running ? "the deadline passed while the job was running"
                                               : "the deadline passed before the job was begun")));
  finishPending();
}

// Of a job that runs, and for which nobody waits from here on.
void PoolCore::askToGiveUp(JobEntry& entry, DeathCause cause) {
  const JobOptions& options = entry.job->options();
  if (options.onCancel == OnCancel::stop) {
    return entry.worker()->giveUp(entry.id(), cause, kNotGivenUp);
  }
  entry.worker()->letFinish(entry.id(), options.timeout ? options.timeout : options_.timeout);
}

}  // namespace phial::detail
