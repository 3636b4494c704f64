// Tasks that share the loop's thread: turns, slices, and the life of one task.
#include <gtest/gtest.h>
#include <phial/master/cooperator.h>
#include <phial/master/reactor.h>
#include <phial/testing/deferred.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace phial {
namespace {

using namespace std::chrono_literals;
using testing::assertNoResult;
using testing::failureResultOf;
using testing::successResultOf;

class CooperatorTest : public ::testing::Test {
 protected:
  /// Work of `steps` steps that logs `name` in each.
  auto logging(char name, int steps) {
    return [this, name, left = steps]() mutable {
      log_ += name;
      return --left > 0;
    };
  }
  /// One turn of the loop: with `perTurn` one slice is so many steps.
  void turn() { clock_.advance(0s); }

  ManualClock clock_;
  std::string log_;
};

TEST_F(CooperatorTest, TheFirstStepIsMadeFromTheLoop) {
  Cooperator cooperator(clock_);
  const CooperativeTask task = cooperator.cooperate(logging('a', 1));
  EXPECT_EQ(log_, "");
  turn();
  EXPECT_EQ(log_, "a");
}

TEST_F(CooperatorTest, TasksTakeTheirStepsInTurn) {
  Cooperator cooperator(clock_);
  cooperator.cooperate(logging('a', 2));
  cooperator.cooperate(logging('b', 3));
  cooperator.cooperate(logging('c', 1));
  turn();
  EXPECT_EQ(log_, "abcabb");
  EXPECT_EQ(clock_.pending(), 0U) << "no turn is asked for when there is nothing to do";
}

TEST_F(CooperatorTest, ASliceEndsAfterItsStepsAndTheNextGoesOnWhereItEnded) {
  Cooperator cooperator(clock_, {.steps = 2});
  for (const char name : {'a', 'b', 'c'}) cooperator.cooperate(logging(name, 2));
  turn();
  EXPECT_EQ(log_, "ab");
  turn();
  EXPECT_EQ(log_, "abca");
  turn();
  turn();
  EXPECT_EQ(log_, "abcabc");
}

TEST_F(CooperatorTest, ASliceEndsWhenItsTimeHasPassed) {
  Cooperator cooperator(clock_, {.slice = 10ms});
  const CooperativeTask task = cooperator.cooperate([&] {
    log_ += 'a';
    clock_.advance(4ms);  // what a step takes
    return true;
  });
  turn();
  EXPECT_EQ(log_, "aaa") << "the time is looked at after each step";
  log_.clear();
  turn();
  EXPECT_EQ(log_, "aaa");
}

TEST_F(CooperatorTest, AClockThatJumpsEndsTheSliceAndNothingElse) {
  Cooperator cooperator(clock_, {.slice = Duration::max()});
  int steps = 0;
  const CooperativeTask task = cooperator.cooperate([&] {
    clock_.advance(++steps == 1 ? 24h * 365 * 100 : 0h);
    return steps < 3;
  });
  turn();
  EXPECT_EQ(steps, 3);
}

TEST_F(CooperatorTest, AZeroSliceIsOneStepATurn) {
  Cooperator cooperator(clock_, {.slice = 0s});
  cooperator.cooperate(logging('a', 2));
  turn();
  EXPECT_EQ(log_, "a");
}

TEST_F(CooperatorTest, OptionsThatMeanNothingAreRefused) {
  EXPECT_THROW(Cooperator(clock_, {.slice = -1ns}), std::invalid_argument);
  EXPECT_THROW(Cooperator(clock_, {.steps = 0}), std::invalid_argument);
}

TEST_F(CooperatorTest, WhenDoneFiresAtTheEndForEachThatAsked) {
  Cooperator cooperator(clock_);
  CooperativeTask task = cooperator.cooperate(logging('a', 2));
  auto early = task.whenDone();
  auto dropped = task.whenDone();
  dropped.cancel();
  failureResultOf<CancelledError>(std::move(dropped));
  assertNoResult(early);
  turn();
  successResultOf(std::move(early));
  successResultOf(task.whenDone());
  EXPECT_EQ(log_, "aa") << "cancelling one of them stopped the task";
}

TEST_F(CooperatorTest, AStepThatThrowsFailsItsTaskAlone) {
  Cooperator cooperator(clock_);
  CooperativeTask bad = cooperator.cooperate([]() -> bool { throw std::runtime_error("bad"); });
  cooperator.cooperate(logging('a', 3));
  auto done = bad.whenDone();
  turn();
  EXPECT_EQ(failureResultOf<std::runtime_error>(std::move(done)).message(), "bad");
  EXPECT_EQ(log_, "aaa");
  EXPECT_THROW(bad.stop(), TaskFailed);
}

TEST_F(CooperatorTest, AFailureThatNobodyAskedForIsReportedWithTheLastHandle) {
  std::string reported;
  const auto previous = setUnhandledErrorHook([&](const Failure& f) { reported += f.message(); });
  Cooperator cooperator(clock_);
  {
    CooperativeTask asked = cooperator.cooperate([]() -> bool { throw std::runtime_error("x"); });
    CooperativeTask never = cooperator.cooperate([]() -> bool { throw std::runtime_error("y"); });
    turn();
    EXPECT_EQ(reported, "");
    failureResultOf(asked.whenDone());
  }
  setUnhandledErrorHook(previous);
  EXPECT_EQ(reported, "y");
}

TEST_F(CooperatorTest, ATaskWaitsForTheDeferredThatItsStepReturns) {
  Cooperator cooperator(clock_);
  auto made = newDeferred<void>();
  int steps = 0;
  CooperativeTask task = cooperator.cooperate([&]() -> std::optional<Deferred<void>> {
    if (++steps == 1) return std::move(made.deferred);
    if (steps == 2) return Deferred<void>();
    return std::nullopt;
  });
  auto done = task.whenDone();
  turn();
  EXPECT_EQ(steps, 1);
  EXPECT_EQ(clock_.pending(), 0U) << "it polls";
  made.resolver.callback();
  EXPECT_EQ(steps, 1) << "a step inside the call that fires the Deferred";
  turn();
  EXPECT_EQ(steps, 3);
  successResultOf(std::move(done));
}

TEST_F(CooperatorTest, ADeferredThatFailsFailsTheTask) {
  Cooperator cooperator(clock_);
  CooperativeTask task = cooperator.cooperate(
      [] { return std::optional(fail<void>(std::runtime_error("no such page"))); });
  auto done = task.whenDone();
  turn();
  EXPECT_EQ(failureResultOf(std::move(done)).message(), "no such page");
}

TEST_F(CooperatorTest, PausesAreCounted) {
  Cooperator cooperator(clock_);
  CooperativeTask task = cooperator.cooperate(logging('a', 1));
  EXPECT_THROW(task.resume(), NotPaused);
  task.pause();
  task.pause();
  EXPECT_EQ(clock_.pending(), 0U);
  task.resume();
  turn();
  EXPECT_EQ(log_, "");
  task.resume();
  turn();
  EXPECT_EQ(log_, "a");
  EXPECT_THROW(task.pause(), TaskDone);
  EXPECT_THROW(task.stop(), TaskDone);
  EXPECT_THROW(task.resume(), NotPaused);
}

TEST_F(CooperatorTest, ResumeDoesNotCutAWaitShort) {
  Cooperator cooperator(clock_);
  auto made = newDeferred<void>();
  int steps = 0;
  CooperativeTask task = cooperator.cooperate([&]() -> std::optional<Deferred<void>> {
    if (++steps == 1) return std::move(made.deferred);
    return std::nullopt;
  });
  turn();
  EXPECT_THROW(task.resume(), NotPaused) << "waiting is not pausing";
  task.pause();
  task.resume();
  turn();
  EXPECT_EQ(steps, 1);
  task.pause();
  made.resolver.callback();
  turn();
  EXPECT_EQ(steps, 1);
  task.resume();
  turn();
  EXPECT_EQ(steps, 2);
}

TEST_F(CooperatorTest, StopDestroysTheWorkAndFailsWhenDone) {
  Cooperator cooperator(clock_);
  const auto witness = std::make_shared<int>();
  CooperativeTask task = cooperator.cooperate([witness] { return true; });
  auto done = task.whenDone();
  task.pause();
  task.stop();
  failureResultOf<TaskStopped>(std::move(done));
  EXPECT_EQ(witness.use_count(), 1);
  EXPECT_THROW(task.stop(), TaskStopped);
  EXPECT_THROW(task.pause(), TaskFinished);
  task.resume();  // of the pause before the end
  turn();
}

TEST_F(CooperatorTest, StopCancelsWhatTheTaskWaitsFor) {
  Cooperator cooperator(clock_);
  bool cancelled = false;
  auto made = newDeferred<void>([&] { cancelled = true; });
  CooperativeTask task =
      cooperator.cooperate([&] { return std::optional(std::move(made.deferred)); });
  turn();
  task.stop();
  EXPECT_TRUE(cancelled);
  failureResultOf<TaskStopped>(task.whenDone());
}

TEST_F(CooperatorTest, AStepMayStopItsOwnTask) {
  Cooperator cooperator(clock_);
  const auto witness = std::make_shared<int>();
  std::optional<CooperativeTask> task;
  task = cooperator.cooperate([&, witness] {
    task->stop();
    EXPECT_EQ(witness.use_count(), 2) << "destroyed while it runs";
    return true;
  });
  turn();
  EXPECT_EQ(witness.use_count(), 1);
  failureResultOf<TaskStopped>(task->whenDone());
}

TEST_F(CooperatorTest, AStepMayStopPauseAndAddOthers) {
  Cooperator cooperator(clock_);
  std::optional<CooperativeTask> stopped;
  std::optional<CooperativeTask> paused;
  cooperator.cooperate([&] {
    log_ += '1';
    stopped->stop();
    paused->pause();
    cooperator.cooperate(logging('n', 1));
    return false;
  });
  stopped = cooperator.cooperate(logging('s', 2));
  paused = cooperator.cooperate(logging('p', 2));
  turn();
  EXPECT_EQ(log_, "1n");
  paused->resume();
  turn();
  EXPECT_EQ(log_, "1npp");
}

TEST_F(CooperatorTest, AStepMayDestroyTheCooperator) {
  auto cooperator = std::make_unique<Cooperator>(clock_);
  CooperativeTask first = cooperator->cooperate([&] {
    cooperator.reset();
    return true;
  });
  CooperativeTask second = cooperator->cooperate(logging('b', 1));
  turn();
  failureResultOf<SchedulerStopped>(first.whenDone());
  failureResultOf<SchedulerStopped>(second.whenDone());
  EXPECT_EQ(log_, "");
  EXPECT_EQ(clock_.pending(), 0U);
  EXPECT_THROW(first.pause(), SchedulerStopped);
}

TEST_F(CooperatorTest, StopEndsEveryTaskAndStartTakesOthers) {
  Cooperator cooperator(clock_);
  CooperativeTask ready = cooperator.cooperate(logging('a', 1));
  CooperativeTask paused = cooperator.cooperate(logging('b', 1));
  paused.pause();
  CooperativeTask waiting =
      cooperator.cooperate([] { return std::optional(newDeferred<void>().deferred); });
  ready.pause();
  turn();
  ready.resume();
  cooperator.stop();
  EXPECT_FALSE(cooperator.running());
  for (CooperativeTask* task : {&ready, &paused, &waiting}) {
    failureResultOf<SchedulerStopped>(task->whenDone());
  }
  failureResultOf<SchedulerStopped>(cooperator.coiterate(logging('c', 1)));
  cooperator.start();
  EXPECT_TRUE(cooperator.running());
  auto done = cooperator.coiterate(logging('d', 1));
  turn();
  successResultOf(std::move(done));
  EXPECT_EQ(log_, "d");
}

TEST_F(CooperatorTest, CancellingCoiterateStopsTheTask) {
  Cooperator cooperator(clock_);
  const auto witness = std::make_shared<int>();
  auto done = cooperator.coiterate([witness] { return true; });
  done.cancel();
  EXPECT_EQ(witness.use_count(), 1);
  failureResultOf<CancelledError>(std::move(done));
  EXPECT_EQ(clock_.pending(), 0U);
}

TEST_F(CooperatorTest, TheReactorsOwnLetsTimersRunBetweenItsSlices) {
  Reactor reactor;
  bool timer = false;
  CooperativeTask task = cooperate(reactor, [&] { return !timer; });
  reactor.callLater(1ms, [&] { timer = true; });
  task.whenDone().addCallback([&] { reactor.stop(); });
  reactor.run();
  EXPECT_TRUE(timer);
  EXPECT_EQ(&reactor.cooperator(), &reactor.cooperator());
}

TEST_F(CooperatorTest, TasksThatAreLeftEndWithTheReactor) {
  const auto witness = std::make_shared<int>();
  std::optional<CooperativeTask> task;
  Deferred<void> done;
  {
    Reactor reactor;
    task = cooperate(reactor, [witness] { return true; });
    done = task->whenDone();
  }
  EXPECT_EQ(witness.use_count(), 1);
  failureResultOf<SchedulerStopped>(std::move(done));
  EXPECT_THROW(task->pause(), SchedulerStopped);
}

}  // namespace
}  // namespace phial
