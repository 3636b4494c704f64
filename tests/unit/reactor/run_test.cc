#include <fcntl.h>
#include <gtest/gtest.h>
#include <phial/master/deferred.h>
#include <phial/master/reactor.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace phial {
namespace {

using namespace std::chrono_literals;

TEST(ReactorRunTest, RunsUntilStopped) {
  Reactor reactor;
  int calls = 0;
  reactor.callLater(0s, [&] { ++calls; });
  reactor.callLater(1ms, [&] { reactor.stop(); });
  reactor.run();
  EXPECT_EQ(calls, 1);
}

TEST(ReactorRunTest, IsRunningFromTheFirstTurnUntilStop) {
  Reactor reactor;
  EXPECT_FALSE(reactor.running());
  bool before = false;
  bool after = true;
  reactor.callWhenRunning([&] {
    before = reactor.running();
    reactor.stop();
    after = reactor.running();
  });
  reactor.run();
  EXPECT_TRUE(before);
  EXPECT_FALSE(after);
  EXPECT_FALSE(reactor.running());
}

TEST(ReactorRunTest, RunsAgainAfterStop) {
  Reactor reactor;
  std::string log;
  for (const char c : {'a', 'b', 'c'}) {
    reactor.callWhenRunning([&, c] {
      log += c;
      reactor.stop();
    });
    reactor.run();
  }
  EXPECT_EQ(log, "abc");
}

TEST(ReactorRunTest, StopBeforeRunEndsTheFirstTurn) {
  Reactor reactor;
  int calls = 0;
  reactor.callWhenRunning([&] { ++calls; });
  reactor.stop();
  reactor.run();
  EXPECT_EQ(calls, 0);
  reactor.callWhenRunning([&] { reactor.stop(); });
  reactor.run();
  EXPECT_EQ(calls, 1);
}

TEST(ReactorRunTest, SecondStopDoesNotEndTheNextRun) {
  Reactor reactor;
  reactor.callWhenRunning([&] {
    reactor.stop();
    reactor.stop();
  });
  reactor.run();
  bool later = false;
  reactor.callLater(1ms, [&] {
    later = true;
    reactor.stop();
  });
  reactor.run();
  EXPECT_TRUE(later);
}

TEST(ReactorRunTest, StopAfterRunHasReturnedDoesNotEndTheNextRun) {
  Reactor reactor;
  reactor.callLater(0s, [&] { reactor.stop(); });
  reactor.run();
  reactor.stop();
  bool ended = false;
  reactor.callLater(0s, [&] {
    ended = true;
    reactor.stop();
  });
  reactor.run();
  EXPECT_TRUE(ended);
}

TEST(ReactorRunTest, StopByACallThatWasLeftOverEndsTheNextRun) {
  Reactor reactor;
  reactor.callWhenRunning([&] {
    reactor.callSoon([&] { reactor.stop(); });  // due in this turn, made in the next run's first
    reactor.stop();
  });
  reactor.run();
  reactor.run();
  EXPECT_FALSE(reactor.running());
}

TEST(ReactorRunTest, WhatWasDueAtStopRunsInTheNextRun) {
  Reactor reactor;
  int soon = 0;
  reactor.callWhenRunning([&] {
    reactor.callSoon([&] { ++soon; });
    reactor.stop();
  });
  reactor.run();
  EXPECT_EQ(soon, 0);
  reactor.callLater(0s, [&] { reactor.stop(); });
  reactor.run();
  EXPECT_EQ(soon, 1);
}

TEST(ReactorRunTest, RunInsideRunIsRefused) {
  Reactor reactor;
  bool refused = false;
  reactor.callLater(0s, [&] {
    try {
      reactor.run();
    } catch (const std::logic_error&) {
      refused = true;
    }
    reactor.stop();
  });
  reactor.run();
  EXPECT_TRUE(refused);
}

TEST(ReactorRunTest, CallWhenRunningKeepsTheOrderAndRunsNextTurnLater) {
  Reactor reactor;
  std::string log;
  reactor.callWhenRunning([&] {
    log += '1';
    reactor.callWhenRunning([&] {
      log += '3';
      reactor.stop();
    });
  });
  reactor.callWhenRunning([&] { log += '2'; });
  reactor.run();
  EXPECT_EQ(log, "123");
}

TEST(ReactorRunTest, CallSoonRunsBeforeZeroDelayCalls) {
  Reactor reactor;
  std::string log;
  reactor.callLater(0s, [&] {
    reactor.callLater(0s, [&] {
      log += 'd';
      reactor.stop();
    });
    reactor.callSoon([&] {
      log += 'b';
      reactor.callSoon([&] { log += 'c'; });
    });
    log += 'a';
  });
  reactor.run();
  EXPECT_EQ(log, "abcd");
}

TEST(ReactorRunTest, ExceptionFromACallbackGoesToTheHookAndTheLoopGoesOn) {
  Reactor reactor;
  std::vector<std::string> errors;
  reactor.onCallbackError([&](std::exception_ptr e) {
    try {
      std::rethrow_exception(e);
    } catch (const std::exception& error) {
      errors.emplace_back(error.what());
    }
  });
  reactor.callWhenRunning([] { throw std::runtime_error("running"); });
  reactor.callLater(0s, [] { throw std::runtime_error("later"); });
  reactor.callSoon([] { throw std::runtime_error("soon"); });
  reactor.callFromThread([] { throw std::runtime_error("thread"); });
  reactor.callLater(1ms, [&] { reactor.stop(); });
  reactor.run();
  std::sort(errors.begin(), errors.end());
  EXPECT_EQ(errors, (std::vector<std::string>{"later", "running", "soon", "thread"}));
}

TEST(ReactorRunTest, EmptyHookRestoresTheDefault) {
  Reactor reactor;
  reactor.onCallbackError([](std::exception_ptr) { FAIL() << "the hook was replaced"; });
  reactor.onCallbackError({});
  reactor.callLater(0s, [] { throw 1; });
  reactor.callLater(0s, [&] { reactor.stop(); });
  reactor.run();
}

TEST(ReactorRunTest, DropsWhatWasNotCalled) {
  auto witness = std::make_shared<int>();
  {
    Reactor reactor;
    reactor.callLater(1h, [witness] {});
    reactor.callWhenRunning([witness] {});
    reactor.callFromThread([witness] {});
    reactor.callSoon([witness] {});
    EXPECT_EQ(witness.use_count(), 5);
  }
  EXPECT_EQ(witness.use_count(), 1);
}

struct NullWhat : std::exception {
  const char* what() const noexcept override { return nullptr; }
};

TEST(ReactorRunTest, AnExceptionWithoutATextEndsNothing) {
  Reactor reactor;
  reactor.callLater(0s, [] { throw NullWhat(); });
  std::string message;
  reactor.callLater(0s, [&] {
    succeed(1).addCallback([](int) { throw NullWhat(); }).addErrback([&](const Failure& failure) {
      message = failure.message();
    });
    reactor.stop();
  });
  reactor.run();
  EXPECT_NE(message.find("NullWhat"), std::string::npos) << message;
}

// pthread_cancel and pthread_exit unwind the stack like an exception, and end the program when
// somebody stops them.
TEST(ReactorRunTest, ACallbackMayEndTheThread) {
  bool unwound = false;
  bool handled = false;
  std::thread([&] {
    const auto guard = std::shared_ptr<void>(nullptr, [&](void*) { unwound = true; });
    Reactor reactor;
    reactor.onCallbackError([&](std::exception_ptr) { handled = true; });
    reactor.callLater(0s, [&] {
      succeed(1).addCallback([](int) { ::pthread_exit(nullptr); }).addErrback([&](const Failure&) {
        handled = true;
      });
    });
    reactor.run();
  }).join();
  EXPECT_TRUE(unwound);
  EXPECT_FALSE(handled);
}

// What a call holds may ask for more when it is destroyed with its Reactor.
class AsksForMore {
 public:
  AsksForMore(Reactor& reactor, std::shared_ptr<int> witness)
      : reactor_(reactor), witness_(std::move(witness)) {}
  ~AsksForMore() {
    const auto witness = witness_;
    handle_ = reactor_.callLater(1h, [witness] {});
    reactor_.callSoon([witness] {});
    reactor_.callWhenRunning([witness] {});
    reactor_.callFromThread([witness] {});
    Watch watch = reactor_.addReader(0, [witness] {});
    EXPECT_FALSE(handle_.active());
    EXPECT_FALSE(watch.active());
  }

 private:
  Reactor& reactor_;
  std::shared_ptr<int> witness_;
  DelayedCall handle_;
};

TEST(ReactorRunTest, WhatIsDroppedMayCallInAgain) {
  auto witness = std::make_shared<int>();
  {
    Reactor reactor;
    const auto asks = [&] { return std::make_shared<AsksForMore>(reactor, witness); };
    reactor.callLater(1h, [asker = asks()] {});
    reactor.callWhenRunning([asker = asks()] {});
    reactor.callFromThread([asker = asks()] {});
    reactor.callSoon([asker = asks()] {});
  }
  EXPECT_EQ(witness.use_count(), 1);
}

TEST(ReactorRunTest, ItsEndFreesAWatchThatItsOwnCallbackKeeps) {
  auto witness = std::make_shared<int>();
  int pipe[2];
  ASSERT_EQ(pipe2(pipe, O_CLOEXEC), 0);
  {
    Reactor reactor;
    const auto watch = std::make_shared<Watch>();
    *watch = reactor.addReader(pipe[0], [watch, witness] {});
  }
  EXPECT_EQ(witness.use_count(), 1);
  close(pipe[0]);
  close(pipe[1]);
}

}  // namespace
}  // namespace phial
