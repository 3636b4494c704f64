// What holds for a Reactor and a pool on every host's loop. A Host is:
//
//   Host()                          a loop of its own
//   hold(reactor), holder()         makes the holder; the std::optional in which it is
//   turn()                          one iteration of the loop, which waits for something to do
//   later(f)                        f is called by a later iteration
//   enter(), leave()                runs the loop until leave(); may be called again
//   kCarriesFailures                run() gives the Failure, not its exception alone
//   run<f>(pool, tuple, callback)   as the header's; returns a function that cancels
#pragma once

#include <gtest/gtest.h>
#include <phial/master.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>

#include "jobs.h"
#include "tests/support/scratch_folder.h"

namespace phial {

using namespace std::chrono_literals;

template <class Host>
class HeldLoopSuite : public ::testing::Test {
 protected:
  void SetUp() override {
    host_ = std::make_unique<Host>();
    reactor_ = std::make_unique<Reactor>();
    host_->hold(*reactor_);
    pool_ = std::make_unique<ProcessPool>(
        *reactor_, PoolOptions{.max = 1, .grace = 1ms, .onLog = [](const LogRecord&) {}});
  }
  void TearDown() override {
    pool_.reset();
    host_->holder().reset();
    reactor_.reset();
    host_.reset();
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child is left";
    EXPECT_EQ(errno, ECHILD);
  }

  template <class Condition>
  void turnUntil(Condition condition) {
    while (!condition()) host_->turn();
  }
  /// Runs a job to its end.
  template <auto function, class... A>
  auto outcomeOf(const Submitter& pool, std::tuple<A...> args) {
    using R = detail::ResultOfCall<function>;
    std::optional<Outcome<R>> result;
    host_->template run<function>(pool, std::move(args),
                                  [&](Outcome<R> outcome) { result.emplace(std::move(outcome)); });
    EXPECT_FALSE(result) << "inside run()";
    turnUntil([&] { return result.has_value(); });
    return *std::move(result);
  }
  int sum(int a, int b) { return outcomeOf<loop_jobs::add>(*pool_, std::tuple(a, b)).value(); }

  /// Starts a job that hangs, and waits until it has begun.
  template <class Callback>
  std::function<void()> startHanging(Callback callback) {
    const std::string path = folder_.path() + "/fifo";
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    auto cancel = host_->template run<loop_jobs::waitFor>(*pool_, std::tuple(path), callback);
    turnUntil([&] { return pool_->stats().running == 1; });
    return cancel;
  }

  const ScratchFolder folder_;
  std::unique_ptr<Host> host_;
  std::unique_ptr<Reactor> reactor_;
  std::unique_ptr<ProcessPool> pool_;
};

TYPED_TEST_SUITE_P(HeldLoopSuite);

TYPED_TEST_P(HeldLoopSuite, RunsJobs) {
  for (int i = 0; i < 50; ++i) ASSERT_EQ(this->sum(i, 1), i + 1);
  const auto text =
      this->template outcomeOf<loop_jobs::repeat>(*this->pool_, std::tuple("ab", 1 << 20));
  EXPECT_EQ(text.value().size(), 2U << 20);
  EXPECT_TRUE(this->template outcomeOf<loop_jobs::doNothing>(*this->pool_, std::tuple()).ok());
}

TYPED_TEST_P(HeldLoopSuite, FailuresArriveAsThemselves) {
  const auto thrown =
      this->template outcomeOf<loop_jobs::throwRange>(*this->pool_, std::tuple("too far"));
  EXPECT_TRUE(thrown.failure().template check<std::out_of_range>());
  if constexpr (TypeParam::kCarriesFailures) {
    EXPECT_TRUE(thrown.failure().fromJob());
  }
  const auto dead = this->template outcomeOf<loop_jobs::die>(*this->pool_, std::tuple());
  EXPECT_TRUE(dead.failure().template check<WorkerDied>());
  const auto unfit =
      this->template outcomeOf<loop_jobs::add>(*this->pool_, std::tuple(1L << 40, 1));
  EXPECT_TRUE(unfit.failure().template check<EncodingError>());
  EXPECT_EQ(this->sum(1, 2), 3);
}

TYPED_TEST_P(HeldLoopSuite, TimeLimitsArePassed) {
  const std::string path = this->folder_.path() + "/fifo";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const auto late = this->template outcomeOf<loop_jobs::waitFor>(
      this->pool_->with({.timeout = 20ms}), std::tuple(path));
  EXPECT_TRUE(late.failure().template check<JobTimedOut>());
}

TYPED_TEST_P(HeldLoopSuite, CancellingEndsTheJobOnce) {
  int calls = 0;
  const auto cancel = this->startHanging([&](Outcome<std::string> outcome) {
    ++calls;
    EXPECT_TRUE(outcome.failure().template check<CancelledError>());
  });
  cancel();
  cancel();
  this->turnUntil([&] { return calls > 0; });
  EXPECT_EQ(this->sum(1, 2), 3);
  EXPECT_EQ(calls, 1);
}

TYPED_TEST_P(HeldLoopSuite, ThePoolsEndFailsItsJobs) {
  std::optional<Failure> failure;
  this->startHanging([&](Outcome<std::string> outcome) { failure = outcome.failure(); });
  this->host_->later([&] { this->pool_.reset(); });
  this->turnUntil([&] { return failure.has_value(); });
  EXPECT_TRUE(failure->template check<PoolStopped>());
}

TYPED_TEST_P(HeldLoopSuite, TheHolderMayEndInsideACallback) {
  bool called = false;
  this->reactor_->callLater(0s, [&] {
    this->host_->holder().reset();
    called = true;
  });
  this->turnUntil([&] { return called; });
  bool idle = false;
  this->reactor_->callLater(0s, [&] { ADD_FAILURE() << "nobody holds it"; });
  this->host_->later([&] { idle = true; });
  this->turnUntil([&] { return idle; });
}

TYPED_TEST_P(HeldLoopSuite, AnotherHolderGoesOn) {
  EXPECT_EQ(this->sum(1, 2), 3);
  this->host_->holder().reset();
  this->host_->hold(*this->reactor_);
  EXPECT_EQ(this->sum(2, 2), 4);
}

TYPED_TEST_P(HeldLoopSuite, StopInsideACallbackEndsTheHolding) {
  int stops = 0;
  std::string log;
  this->host_->holder()->onStop([&] { ++stops; });
  this->reactor_->addSystemEventTrigger(SystemEventPhase::before, [&] {
    log += 'b';
    return deferLater(*this->reactor_, 1ms, [] {});
  });
  this->reactor_->callLater(0s, [&] { this->reactor_->stop(); });
  this->turnUntil([&] { return stops > 0; });
  EXPECT_EQ(log, "b");
  EXPECT_FALSE(this->reactor_->running());
  this->host_->hold(*this->reactor_);
  EXPECT_EQ(this->sum(1, 2), 3);
  EXPECT_EQ(stops, 1);
}

TYPED_TEST_P(HeldLoopSuite, StopOutsideACallbackEndsTheHolding) {
  EXPECT_EQ(this->sum(1, 2), 3);
  bool stopped = false;
  this->host_->holder()->onStop([&] {
    stopped = true;
    this->host_->holder().reset();
  });
  this->reactor_->stop();
  this->turnUntil([&] { return stopped; });
  EXPECT_FALSE(this->reactor_->running());
}

TYPED_TEST_P(HeldLoopSuite, AHostThatIsLeftAndEnteredAgainGoesOn) {
  std::string text;
  this->startHanging([&](Outcome<std::string> outcome) {
    text = outcome.value();
    this->host_->leave();
  });
  this->host_->later([&] { this->host_->leave(); });
  this->host_->enter();
  EXPECT_EQ(text, "");
  std::ofstream(this->folder_.path() + "/fifo") << "late";
  this->host_->enter();
  EXPECT_EQ(text, "late");
  EXPECT_EQ(this->sum(1, 2), 3);
}

TYPED_TEST_P(HeldLoopSuite, AnIdleReactorDoesNotWakeTheHost) {
  EXPECT_EQ(this->sum(1, 2), 3);
  bool called = false;
  this->reactor_->callLater(50ms, [&] { called = true; });
  int turns = 0;
  this->turnUntil([&] { return ++turns, called; });
  EXPECT_LE(turns, 20);
}

TYPED_TEST_P(HeldLoopSuite, ABusyReactorLeavesTheHostItsTurns) {
  bool over = false;
  std::function<void()> again = [&] {
    if (!over) this->reactor_->callLater(0s, [&] { again(); });
  };
  again();
  int calls = 0;
  std::function<void()> host = [&] {
    if (++calls < 5) this->host_->later(host);
  };
  this->host_->later(host);
  this->turnUntil([&] { return calls == 5; });
  over = true;
  EXPECT_EQ(this->sum(1, 2), 3);
}

REGISTER_TYPED_TEST_SUITE_P(HeldLoopSuite, RunsJobs, FailuresArriveAsThemselves,
                            TimeLimitsArePassed, CancellingEndsTheJobOnce, ThePoolsEndFailsItsJobs,
                            TheHolderMayEndInsideACallback, AnotherHolderGoesOn,
                            StopInsideACallbackEndsTheHolding, StopOutsideACallbackEndsTheHolding,
                            AHostThatIsLeftAndEnteredAgainGoesOn, AnIdleReactorDoesNotWakeTheHost,
                            ABusyReactorLeavesTheHostItsTurns);

}  // namespace phial
