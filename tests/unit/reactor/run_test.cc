#include <gtest/gtest.h>
#include <phial/master/reactor.h>

#include <algorithm>
#include <stdexcept>
#include <string>
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

}  // namespace
}  // namespace phial
