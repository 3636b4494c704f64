#include "master/reactor/cooperative_tasks.h"

#include <phial/protocol/saturating_time.h>

#include <utility>

namespace phial::inline v1::detail {

void TaskState::requireAlive() const {
  if (state_) state_->rethrow();
}

void TaskState::pause() {
  requireAlive();
  ++pauses_;
  moved();
}

void TaskState::resume() {
  if (pauses_ == 0) throw NotPaused();
  --pauses_;
  if (!ended()) moved();
}

void TaskState::stop() {
  requireAlive();
  end(Failure(TaskStopped()), Failure(TaskStopped()));
}

void TaskState::schedulerStopped() {
  end(Failure(SchedulerStopped()), Failure(SchedulerStopped()));
}

Deferred<void> TaskState::whenDone() {
  if (!ended()) {
    auto made = newDeferred<void>();
    listeners_.push_back(std::move(made.resolver));
    return std::move(made.deferred);
  }
  if (unheard_) return std::exchange(unheard_, Deferred<void>());
  return result_->ok() ? succeed() : fail<void>(result_->failure());
}

void TaskState::step() {
  const auto self = shared_from_this();
  Outcome<Iteration::Step> made = Iteration::Step();
  stepping_ = true;
  try {
    made = work_->next();
  } catch (...) {
    made = Failure::current();
  }
  stepping_ = false;
  if (ended()) {  // inside its own step; what the step has yielded is nobody's
    const auto dropped = std::exchange(work_, std::nullopt);
    return;
  }
  if (!made.ok()) return end(Failure(TaskFailed()), made.failure());
  Iteration::Step result = std::move(made).value();
  if (!result) return end(Failure(TaskDone()), {});
  if (*result) waitFor(*std::move(result));
}

void TaskState::waitFor(Deferred<void> deferred) {
  waiting_ = true;
  awaited_ = deferred.handle();
  moved();
  std::move(deferred).addBoth([weak = weak_from_this()](Outcome<void> outcome) {
    if (const auto self = weak.lock()) self->waitEnded(std::move(outcome));
  });
}

void TaskState::waitEnded(Outcome<void> outcome) {
  if (ended()) return;
  waiting_ = false;
  awaited_ = {};
  if (!outcome.ok()) return end(Failure(TaskFailed()), std::move(outcome));
  moved();
}

void TaskState::moved() {
  if (const auto cooperator = cooperator_.lock()) cooperator->sort(*this);
}

void TaskState::end(Failure state, Outcome<void> result) {
  const auto self = shared_from_this();
  const bool failed = !result.ok() && state.check<TaskFailed>();
  state_ = std::move(state);
  result_ = std::move(result);
  if (const auto cooperator = cooperator_.lock()) cooperator->forget(*this);
  const auto listeners = std::exchange(listeners_, {});
  if (failed && listeners.empty()) unheard_ = fail<void>(result_->failure());
  const auto awaited = std::exchange(awaited_, {});
  // From here on the program's code may run.
  if (!stepping_) {
    const auto dropped = std::exchange(work_, std::nullopt);
  }
  awaited.cancel();
  for (const auto& listener : listeners) {
    if (result_->ok()) {
      listener.callback();
    } else {
      listener.errback(result_->failure());
    }
  }
}

std::shared_ptr<TaskState> CooperatorState::add(Iteration work) {
  const auto task = std::make_shared<TaskState>(weak_from_this(), std::move(work));
  task->list_ = &ready_;
  task->place_ = ready_.insert(ready_.end(), task);
  if (running_) {
    schedule();
  } else {
    task->schedulerStopped();
  }
  return task;
}

void CooperatorState::sort(TaskState& task) {
  auto& list = task.ready() ? ready_ : idle_;
  if (&list == task.list_) return;
  list.splice(list.end(), *task.list_, task.place_);
  task.list_ = &list;
  schedule();
}

void CooperatorState::forget(TaskState& task) {
  std::exchange(task.list_, nullptr)->erase(task.place_);
  schedule();
}

void CooperatorState::stop() {
  running_ = false;
  std::vector<std::shared_ptr<TaskState>> tasks(ready_.begin(), ready_.end());
  tasks.insert(tasks.end(), idle_.begin(), idle_.end());
  for (const auto& task : tasks) {
    if (!task->ended()) task->schedulerStopped();
  }
}

void CooperatorState::schedule() {
  if (turning_) return;
  if (ready_.empty()) {
    next_.cancel();
  } else if (!next_.active()) {
    next_ = clock_.callLater(Duration::zero(), [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->turn();
    });
  }
}

void CooperatorState::turn() {
  turning_ = true;
  const TimePoint end = saturatingAdd(clock_.now(), options_.slice);
  for (std::size_t steps = 1; !ready_.empty(); ++steps) {
    const auto task = ready_.front();
    ready_.splice(ready_.end(), ready_, ready_.begin());  // its next step comes after the others'
    task->step();
    if (steps == options_.steps || clock_.now() >= end) break;
  }
  turning_ = false;
  schedule();
}

}  // namespace phial::inline v1::detail
