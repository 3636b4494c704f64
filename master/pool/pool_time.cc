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
  JobCourse& course = *jobs_.at(id).course;
  (limit == Limit::soft ? course.softTimeout : course.timeout) =
      clock_.callLater(delay, [this, id, limit, timeout] { checkTime(id, limit, timeout); });
}

// Running time counts from the moment the function was entered, or the element begun, which the
// control page tells; as long as the job is under way it stands still.
void PoolCore::checkTime(std::uint64_t id, Limit limit, Duration timeout) {
  JobCourse& course = *jobs_.at(id).course;
  PoolWorker& worker = *course.worker;
  const bool ofElement = jobs_.at(id).job->function().timed == Timed::element;
  const auto element = ofElement ? worker.atElement(id) : std::nullopt;
  auto startDelay = ofElement ? std::nullopt : worker.startDelay(id);
  if (element) startDelay = element->startDelay;
  if (!startDelay && !worker.jobBegun(id)) return watchTime(id, limit, timeout, timeout);
  // Reading its arguments is not running, but must not go on for ever either.
  if (startDelay) {
    course.begunBefore.reset();
  } else if (!course.begunBefore) {
    course.begunBefore = clock_.now();
  }
  const TimePoint start = startDelay ? course.sentAt + *startDelay : *course.begunBefore;
  const Duration left = saturatingSubtract(saturatingAdd(start, timeout), clock_.now());
  if (left > Duration::zero()) return watchTime(id, limit, timeout, left);
  // What has returned in time has kept to it, also when something held up the loop meanwhile.
  using Answer = JobCourse::Answer;
  if (worker.jobReturned(id) && std::exchange(course.answer, Answer::late) == Answer::due) {
    return watchTime(id, limit, timeout, options_.grace);
  }
  timeIsUp(jobs_.at(id), limit, timeout, element ? element->number : 0);
}

// Of the whole job, or of the one element that is not 0.
void PoolCore::timeIsUp(JobEntry& entry, Limit limit, Duration timeout, std::uint64_t element) {
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
  using IfReturned = PoolWorker::IfReturned;
  const bool late = entry.course->answer == JobCourse::Answer::late;
  const bool ended = worker.timeOut(id, who + " ran longer than " + seconds(timeout),
                                    late ? IfReturned::end : IfReturned::wait);
  // It has ended by itself, or returned at this very moment, or a debugger holds it.
  if (!ended) watchTime(id, limit, timeout, options_.grace);
}

void PoolCore::expire(std::uint64_t id) {
  JobEntry& entry = jobs_.at(id);
  PoolWorker* const worker = entry.worker();
  const bool running = worker != nullptr && !worker->takeBack(id);
  if (running) askToGiveUp(entry, DeathCause::deadline);
  failJob(entry,
          Failure(DeadlineExceeded(running ? "the deadline passed while the job was running"
                                           : "the deadline passed before the job was begun")));
  proceed();
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
