#include "master/pool/event_batch.h"

#include <algorithm>
#include <span>
#include <utility>

namespace phial::inline v1::detail {
namespace {

void call(PoolObserver& observer, JobEvent::Kind kind, const JobReport& report) {
  switch (kind) {
    case JobEvent::Kind::queued:
      return observer.jobQueued(report);
    case JobEvent::Kind::dispatched:
      return observer.jobDispatched(report);
    case JobEvent::Kind::takenBack:
      return observer.jobTakenBack(report);
    case JobEvent::Kind::settled:
      return observer.jobSettled(report);
  }
}

}  // namespace

EventMemory::Part EventMemory::take() {
  if (parts_.empty()) return {};
  Part part = std::move(parts_.back());
  parts_.pop_back();
  return part;
}

void EventMemory::giveBack(Part part) {
  part.events.clear();
  part.options.clear();
  part.failures.clear();
  part.jobs.clear();
  part.report.failure.reset();
  if (parts_.size() < kMostKept) parts_.push_back(std::move(part));
}

EventBatch::EventBatch(std::shared_ptr<const WatcherList> list, std::shared_ptr<PoolLog> log,
                       std::shared_ptr<EventMemory> memory)
    : list_(std::move(list)),
      log_(std::move(log)),
      memory_(std::move(memory)),
      part_(memory_->take()) {
  singles_ = std::ranges::any_of(list_->watchers, [](const auto& watcher) {
    return watcher->batches == nullptr && watcher->wanted != 0;
  });
}

EventBatch::~EventBatch() { memory_->giveBack(std::move(part_)); }

JobEvent& EventBatch::add(JobEvent::Kind kind, const Ref<Job>& job) {
  JobEvent& event = events_.emplace_back();
  event.kind = kind;
  event.id = job->id;
  event.function = job->function().name;
  event.priority = job->options().priority;
  part_.jobs.push_back(job);
  if (const auto& options = job->callOptions()) {
    event.label = job->label();
    event.trace = job->trace();
    auto& held = part_.options;
    if (held.empty() || held.back().get() != options.get()) held.push_back(options);
  }
  return event;
}

void EventBatch::fail(const Failure& failure) {
  events_.back().failure = &part_.failures.emplace_back(failure);
}

void EventBatch::tellNext() {
  if (!begun_) {
    begun_ = true;
    if (!singles_) event_ = events_.size();
    return tellBatches();
  }
  // A nested telling has a report of its own.
  JobReport report = std::move(part_.report);
  for (std::size_t calls = 0; calls < kAtOnce && event_ < events_.size(); ++calls) {
    const JobEvent& event = events_[event_];
    const Watcher& watcher = *list_->watchers[watcher_];
    if (++watcher_ == list_->watchers.size()) {
      watcher_ = 0;
      ++event_;
    }
    if (watcher.batches != nullptr || (watcher.wanted & bitOf(event.kind)) == 0) continue;
    event.writeTo(report);
    Observers::tell(watcher, *log_,
                    [&](PoolObserver& observer) { call(observer, event.kind, report); });
  }
  part_.report = std::move(report);
}

void EventBatch::tellBatches() {
  for (const auto& watcher : list_->watchers) {
    if (watcher->batches == nullptr) continue;
    Observers::tell(*watcher, *log_, [&](PoolObserver&) {
      watcher->batches->jobEvents(std::span<const JobEvent>(events_));
    });
  }
}

}  // namespace phial::inline v1::detail
