// Long work on the loop's own thread, cut into steps. After Twisted's Cooperator.
//
//     phial::Generator rebuild(Index& index) {
//       for (Page& page : index.pages()) {
//         page.sort();
//         co_yield {};                // the loop may go on
//       }
//       co_yield index.save();        // a Deferred: the next step waits for it
//     }
//
//     phial::CooperativeTask task = phial::cooperate(reactor, rebuild(index));
//     task.whenDone().addCallback([] { std::puts("rebuilt"); });
//
// A step is what runs between two co_yields; it should take well below a millisecond. The
// Cooperator makes steps for a slice of time, 10 ms, then lets the loop have a turn. Several tasks
// take their steps in turn. Work that can be sent to another process belongs in a ProcessPool:
// steps are for what needs the master's own objects.
//
// What a task may be (Iteration): a Generator; a function that makes one, such as a coroutine
// lambda, whose captures live as long as the task; a function that makes one step at each call, and
// returns bool: true while there is more to do; or one that returns std::optional<Deferred<void>>:
// nothing at the end, an empty Deferred to go on, another Deferred to wait for first.
//
// Life: a task runs until its work is at its end, throws, or is stopped, or until its Cooperator
// ends; handles to it may be dropped at any time. The work is destroyed when the task ends. A step
// may pause, resume and stop any task, its own included, add tasks, and destroy the Cooperator. If
// a task is ended inside a step of its own, its work is destroyed after this step, and what the
// step yields or throws is dropped.
//
// Exceptions: what a step throws is the failure of its task and of nothing else.
//
// Thread rule: the Clock's thread.
#pragma once

#include <phial/master/clock.h>
#include <phial/master/deferred.h>
#include <phial/master/generator.h>
#include <phial/protocol/error.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

class Reactor;

/// Base of what a Cooperator and its tasks report.
class SchedulerError : public Error {
 public:
  using Error::Error;
};

/// The Cooperator was stopped, or has ended, before the task did.
class SchedulerStopped final : public SchedulerError {
 public:
  SchedulerStopped() : SchedulerError("the Cooperator was stopped") {}
  FailureKind kind() const noexcept override { return FailureKind::unavailable; }
};

/// pause() or stop() of a task that has ended. Base of the errors that say how.
class TaskFinished : public SchedulerError {
 public:
  using SchedulerError::SchedulerError;
};

/// The task's work is done.
class TaskDone final : public TaskFinished {
 public:
  TaskDone() : TaskFinished("the task is done") {}
};

/// The task was stopped. Also the failure of whenDone() then.
class TaskStopped final : public TaskFinished {
 public:
  TaskStopped() : TaskFinished("the task was stopped") {}
  FailureKind kind() const noexcept override { return FailureKind::cancelled; }
};

/// The task's work has thrown, or a Deferred that it waited for has failed.
class TaskFailed final : public TaskFinished {
 public:
  TaskFailed() : TaskFinished("the task has failed") {}
};

/// resume() of a task that is not paused.
class NotPaused final : public SchedulerError {
 public:
  NotPaused() : SchedulerError("the task is not paused") {}
};

/// The work of a task, as a function that makes the next step. Converts from all that the top of
/// this file lists.
class Iteration {
 public:
  using Step = std::optional<Deferred<void>>;

  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, Iteration>)
  Iteration(F&& f) : next_(steps(std::forward<F>(f))) {}  // NOLINT(google-explicit-constructor)

  /// Makes a step.
  Step next() { return next_(); }

 private:
  template <class F>
  static std::function<Step()> steps(F&& f) {
    using Work = std::remove_cvref_t<F>;
    static_assert(std::is_invocable_v<Work&>,
                  "the work of a task is a Generator, or a function without parameters");
    using R = std::invoke_result_t<Work&>;
    const auto work = std::make_shared<Work>(std::forward<F>(f));  // may be move-only
    if constexpr (std::is_same_v<R, Generator>) {
      // The coroutine refers to the captures of the function that made it.
      const auto made = std::make_shared<std::optional<Generator>>();
      return [work, made] {
        if (!*made) made->emplace((*work)());
        return (**made)();
      };
    } else if constexpr (std::is_same_v<R, Step>) {
      return [work] { return (*work)(); };
    } else {
      static_assert(std::is_same_v<R, bool>,
                    "a step returns bool, std::optional<phial::Deferred<void>> or a Generator");
      return [work]() -> Step {
        if ((*work)()) return Deferred<void>();
        return std::nullopt;
      };
    }
  }

  std::function<Step()> next_;
};

namespace detail {
class TaskState;
class CooperatorState;
}  // namespace detail

/// A handle to a task. Copies refer to the same task; dropping them all does not stop it.
class CooperativeTask {
 public:
  explicit CooperativeTask(std::shared_ptr<detail::TaskState> state) : state_(std::move(state)) {}

  /// No further step until resume() has been called as often as pause(). A Deferred that the task
  /// waits for goes on. Throws TaskDone, TaskStopped, TaskFailed or SchedulerStopped when the task
  /// has ended.
  void pause();
  /// Takes one pause() back. Throws NotPaused when there is none. Harmless when the task has ended.
  void resume();
  /// Ends the task: whenDone() fails with TaskStopped, inside this call. A Deferred that the task
  /// waits for is cancelled, which Twisted does not do; its failure is dropped. Throws as pause().
  void stop();
  /// Fires when the task has ended: fails with what its work has thrown, with the failure of a
  /// Deferred that the task waited for, with TaskStopped or SchedulerStopped. Each call makes
  /// another Deferred; cancelling it ends the waiting, not the task. If the work fails and nobody
  /// has asked, the failure is reported as unhandled.
  Deferred<void> whenDone();

 private:
  std::shared_ptr<detail::TaskState> state_;
};

/// How long a Cooperator works before it lets the loop have a turn.
struct CooperatorOptions {
  /// The clock is looked at after every step. Zero means one step a turn. A slice delays everything
  /// else on the loop for as long.
  Duration slice = std::chrono::milliseconds(10);
  /// Ends a slice after so many steps, for tests on a ManualClock, whose time stands still while
  /// steps are made. Default: no limit.
  std::optional<std::size_t> steps = std::nullopt;
};

/// Gives tasks their steps in turn. Cooperators know nothing of each other: tasks that should share
/// one slice belong to one Cooperator.
class Cooperator {
 public:
  /// `clock` is borrowed and must outlive the Cooperator. Throws std::invalid_argument when the
  /// slice is negative or `steps` is zero.
  explicit Cooperator(Clock& clock, CooperatorOptions options = {});
  /// As stop().
  ~Cooperator();
  Cooperator(const Cooperator&) = delete;
  Cooperator& operator=(const Cooperator&) = delete;

  /// Adds a task. Its first step is made from the loop, never inside this call. After stop() the
  /// task fails with SchedulerStopped at once.
  CooperativeTask cooperate(Iteration work);
  /// As cooperate(work).whenDone(). Cancelling the Deferred stops the task.
  Deferred<void> coiterate(Iteration work);

  /// Takes tasks again after stop(). Harmless when running.
  void start();
  /// Ends every task, paused ones too: they fail with SchedulerStopped, inside this call. Harmless
  /// when stopped.
  void stop();
  /// True until stop(), and after start().
  bool running() const;

 private:
  std::shared_ptr<detail::CooperatorState> state_;
};

/// Adds a task to the Cooperator of `reactor`, whose tasks share one slice of 10 ms: the one to use
/// unless there is a reason for another. See Cooperator::cooperate.
CooperativeTask cooperate(Reactor& reactor, Iteration work);
/// As Cooperator::coiterate, on the Cooperator of `reactor`.
Deferred<void> coiterate(Reactor& reactor, Iteration work);

}  // namespace phial::inline v1

#pragma GCC visibility pop
