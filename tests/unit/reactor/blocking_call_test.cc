#include <gmock/gmock.h>
#include <phial/master/blocking_call.h>
#include <phial/master/tasks.h>

#include <atomic>
#include <functional>
#include <latch>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/unhandled_errors.h"

namespace phial {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class BlockingCallTest : public ::testing::Test {
 protected:
  /// Runs `f` on another thread, and the loop until `f` has ended.
  void runBeside(std::function<void()> f) {
    std::jthread thread([&] {
      f();
      reactor_.callFromThread([&] { reactor_.stop(); });
    });
    reactor_.run();
  }
  /// What blockingCallFromThread threw on another thread; null when it returned.
  template <class F>
  std::exception_ptr failureOf(F f, std::optional<Duration> timeout = std::nullopt) {
    try {
      blockingCallFromThread(reactor_, std::move(f), timeout);
      return nullptr;
    } catch (...) {
      return std::current_exception();
    }
  }

  /// A Deferred without a result.
  Deferred<void> never() {
    return deferLater(reactor_, 1h, [] {});
  }

  Reactor reactor_;
};

TEST_F(BlockingCallTest, ReturnsTheValueOfAFunctionThatRanOnTheLoopsThread) {
  std::thread::id ranOn;
  std::unique_ptr<int> result;
  runBeside([&] {
    result = blockingCallFromThread(reactor_, [&] {
      ranOn = std::this_thread::get_id();
      return std::make_unique<int>(3);
    });
  });
  EXPECT_EQ(ranOn, std::this_thread::get_id());
  EXPECT_EQ(*result, 3);
}

TEST_F(BlockingCallTest, WaitsForADeferred) {
  int result = 0;
  runBeside([&] {
    result = blockingCallFromThread(reactor_,
                                    [&] { return deferLater(reactor_, 1ms, [] { return 42; }); });
  });
  EXPECT_EQ(result, 42);
}

TEST_F(BlockingCallTest, ThrowsWhatTheFunctionThrowsOrTheDeferredFailsWith) {
  runBeside([&] {
    EXPECT_THROW(
        blockingCallFromThread(reactor_, []() -> int { throw std::range_error("thrown"); }),
        std::range_error);
    EXPECT_THROW(
        blockingCallFromThread(reactor_, [] { return fail<int>(std::length_error("failed")); }),
        std::length_error);
  });
}

TEST_F(BlockingCallTest, OnTheLoopsThreadItIsRefusedAtOnce) {
  bool ran = false;
  try {
    blockingCallFromThread(reactor_, [&] { ran = true; });
    ADD_FAILURE() << "it was not refused";
  } catch (const std::logic_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("blockingCallFromThread"));
  }
  EXPECT_FALSE(ran);
}

TEST_F(BlockingCallTest, AfterTheTimeoutTheDeferredIsCancelled) {
  const UnhandledErrors errors;
  std::atomic<bool> begun = false;
  bool cancelled = false;
  runBeside([&] {
    const auto wait = [&] {
      begun = true;
      return never().addErrback([&](const Failure& failure) {
        cancelled = failure.check<CancelledError>();
        return failure;
      });
    };
    // On a slow machine the time may be up before the loop has called it.
    while (!begun) EXPECT_THROW(blockingCallFromThread(reactor_, wait, 1ms), TimeoutError);
    blockingCallFromThread(reactor_, [] {});  // after the cancellation, which was posted before
  });
  EXPECT_TRUE(cancelled);
  EXPECT_TRUE(errors.messages().empty());
}

TEST_F(BlockingCallTest, AFunctionThatWasNotCalledInTimeNeverIs) {
  // The loop does not run yet: the function waits in the queue.
  bool ran = false;
  std::jthread([&] {
    EXPECT_THROW(blockingCallFromThread(reactor_, [&] { ran = true; }, 1ms), TimeoutError);
  }).join();
  runBeside([] {});
  EXPECT_FALSE(ran);
}

TEST_F(BlockingCallTest, AFunctionThatRunsWhenTheTimeIsUpIsWaitedFor) {
  std::atomic<bool> begun = false;
  std::atomic<bool> returned = false;
  runBeside([&] {
    while (!begun) {  // the time may be up before the call
      const auto timeUp = reactor_.now() + 1ms;
      const auto overstay = [&] {
        begun = true;
        while (reactor_.now() < timeUp + 1ms) std::this_thread::yield();
        returned = true;
        return never();
      };
      EXPECT_THROW(blockingCallFromThread(reactor_, overstay, 1ms), TimeoutError);
      EXPECT_EQ(returned, begun) << "left a running function, which uses what has gone";
    }
  });
}

TEST_F(BlockingCallTest, TheStopOfTheLoopEndsTheWait) {
  std::exception_ptr failure;
  std::jthread thread([&] {
    failure = failureOf([&] {
      reactor_.stop();
      return never();
    });
  });
  reactor_.run();
  thread.join();
  EXPECT_THROW(std::rethrow_exception(failure), ReactorStopped);
}

TEST_F(BlockingCallTest, ALoopThatHasStoppedIsNotWaitedFor) {
  reactor_.callWhenRunning([&] { reactor_.stop(); });
  reactor_.run();
  bool ran = false;
  std::exception_ptr failure;
  std::jthread([&] { failure = failureOf([&] { ran = true; }); }).join();
  EXPECT_THROW(std::rethrow_exception(failure), ReactorStopped);
  EXPECT_EQ(Failure(failure).kind(), FailureKind::unavailable);
  runBeside([] {});
  EXPECT_FALSE(ran) << "it was still called when the loop ran again";
}

TEST_F(BlockingCallTest, ALoopThatRunsAgainIsWaitedForAgain) {
  for (int i = 0; i < 3; ++i) {
    int result = 0;
    std::jthread thread;
    reactor_.callWhenRunning([&] {
      thread = std::jthread([&] {
        result = blockingCallFromThread(reactor_, [] { return 5; });
        reactor_.callFromThread([&] { reactor_.stop(); });
      });
    });
    reactor_.run();
    thread.join();
    EXPECT_EQ(result, 5);
  }
}

TEST_F(BlockingCallTest, ADeferredThatNobodyCanFireIsABrokenPromise) {
  runBeside([&] {
    EXPECT_THROW(blockingCallFromThread(reactor_, [] { return newDeferred<int>().deferred; }),
                 std::future_error);
  });
}

TEST_F(BlockingCallTest, ManyThreadsEachGetTheirOwnResult) {
  constexpr int kThreads = 8;
  constexpr int kCalls = 500;
  std::atomic<int> wrong = 0;
  std::latch done(kThreads);
  std::vector<std::jthread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kCalls; ++i) {
        const int expected = t * kCalls + i;
        const int result = blockingCallFromThread(
            reactor_, [=, this] { return deferLater(reactor_, 0s, [=] { return expected; }); });
        if (result != expected) ++wrong;
      }
      done.count_down();
    });
  }
  runBeside([&] { done.wait(); });
  EXPECT_EQ(wrong, 0);
}

TEST_F(BlockingCallTest, ATimeoutThatMeetsTheResultGivesOneOfThem) {
  int results = 0;
  int timeouts = 0;
  runBeside([&] {
    for (int i = 0; i < 300; ++i) {
      try {
        const int result = blockingCallFromThread(
            reactor_, [&] { return deferLater(reactor_, 50us, [] { return 1; }); }, 60us);
        results += result;
      } catch (const TimeoutError&) {
        ++timeouts;
      }
    }
  });
  EXPECT_EQ(results + timeouts, 300);
}

}  // namespace
}  // namespace phial
