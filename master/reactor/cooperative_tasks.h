// What stands behind Cooperator and CooperativeTask.
//
// Invariants:
// 1. A task that has not ended is in exactly one list of its Cooperator: `ready_`, or `idle_` while
//    it is paused or waits for a Deferred.
// 2. A turn is asked for exactly while `ready_` is not empty and no turn is under way.
// 3. A task ends once, in end(). User code is called after all of this is in order.
//
// Thread rule: the Clock's thread.
#pragma once

#include <phial/master/cooperator.h>

#include <list>
#include <memory>
#include <optional>
#include <vector>

namespace phial::inline v1::detail {

class TaskState : public std::enable_shared_from_this<TaskState> {
 public:
  TaskState(std::weak_ptr<CooperatorState> cooperator, Iteration work)
      : cooperator_(std::move(cooperator)), work_(std::move(work)) {}

  void pause();
  void resume();
  void stop();
  Deferred<void> whenDone();

  /// REQUIRES: ready.
  void step();
  /// Of a Cooperator that stops. REQUIRES: not ended.
  void schedulerStopped();

  bool ready() const { return !ended() && pauses_ == 0 && !waiting_; }
  bool ended() const { return result_.has_value(); }

 private:
  friend class CooperatorState;  // keeps list_ and place_
  using List = std::list<std::shared_ptr<TaskState>>;

  void requireAlive() const;
  void waitFor(Deferred<void> deferred);
  void waitEnded(Outcome<void> outcome);
  void moved();
  /// `state` is what pause() and stop() throw from now on.
  void end(Failure state, Outcome<void> result);

  const std::weak_ptr<CooperatorState> cooperator_;
  List* list_ = nullptr;           // its Cooperator's list that it is in, unless it has ended
  List::iterator place_;           // in this list
  std::optional<Iteration> work_;  // none once it has ended, and no step of it runs
  DeferredHandle awaited_;
  std::vector<Resolver<void>> listeners_;
  std::optional<Failure> state_;
  std::optional<Outcome<void>> result_;
  Deferred<void> unheard_;  // a failure that nobody has asked for
  std::size_t pauses_ = 0;
  bool waiting_ = false;
  bool stepping_ = false;
};

class CooperatorState : public std::enable_shared_from_this<CooperatorState> {
 public:
  CooperatorState(Clock& clock, CooperatorOptions options) : clock_(clock), options_(options) {}

  std::shared_ptr<TaskState> add(Iteration work);
  void start() { running_ = true; }
  void stop();
  bool running() const { return running_; }

  /// Puts a task into the list where it belongs now.
  void sort(TaskState& task);
  /// Takes it out of its list.
  void forget(TaskState& task);

 private:
  void schedule();
  void turn();

  Clock& clock_;
  const CooperatorOptions options_;
  TaskState::List ready_;
  TaskState::List idle_;
  DelayedCall next_;
  bool running_ = true;
  bool turning_ = false;
};

}  // namespace phial::inline v1::detail
