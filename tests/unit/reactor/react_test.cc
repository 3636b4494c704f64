#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/master/log.h>
#include <phial/master/react.h>
#include <phial/master/tasks.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace phial {
namespace {

TEST(ReactTest, RunsTheLoopUntilTheStatusIsThere) {
  Reactor reactor;
  EXPECT_EQ(
      react(reactor, "test", deferLater(reactor, std::chrono::milliseconds(1), [] { return 7; })),
      7);
  EXPECT_FALSE(reactor.running());
}

TEST(ReactTest, AStatusThatIsThereAlreadyEndsIt) {
  Reactor reactor;
  EXPECT_EQ(react(reactor, "test", succeed(3)), 3);
}

TEST(ReactTest, AFailureIsALineAndStatusOne) {
  Reactor reactor;
  std::vector<std::string> records;
  auto sink = setLogSink([&](const LogRecord& record) { records.emplace_back(record.text); });
  EXPECT_EQ(react(reactor, "test", fail<int>(std::runtime_error("no luck"))), 1);
  EXPECT_EQ(records, std::vector<std::string>{"test: no luck"});
  setLogSink(std::move(sink));
}

TEST(ReactTest, AMainThatOutlivesItIsLeftToItself) {
  Reactor reactor;
  auto made = newDeferred<int>();
  reactor.callLater(Duration::zero(), [&] { reactor.stop(); });
  EXPECT_EQ(react(reactor, "test", std::move(made.deferred)), 1);
  made.resolver.callback(3);  // in a frame that has gone
  bool ended = false;
  reactor.callLater(Duration::zero(), [&] {
    ended = true;
    reactor.stop();
  });
  reactor.run();
  EXPECT_TRUE(ended) << "the late status ended a run that it knows nothing of";
}

TEST(ReactTest, ALateFailureIsReportedAsUnhandled) {
  std::string reported;
  const auto previous =
      setUnhandledErrorHook([&](const Failure& failure) { reported = failure.message(); });
  auto made = newDeferred<int>();
  {
    Reactor reactor;
    reactor.callLater(Duration::zero(), [&] { reactor.stop(); });
    EXPECT_EQ(react(reactor, "test", std::move(made.deferred)), 1);
  }
  made.resolver.errback(std::runtime_error("too late"));  // without a Reactor by now
  setUnhandledErrorHook(previous);
  EXPECT_EQ(reported, "too late");
}

TEST(ReactTest, AStatusThatIsThereAlreadyDoesNotEndTheNextRun) {
  Reactor reactor;
  EXPECT_EQ(react(reactor, "test", succeed(3)), 3);
  int calls = 0;
  reactor.callLater(Duration::zero(), [&] {
    ++calls;
    reactor.stop();
  });
  reactor.run();
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(react(reactor, "test", succeed(4)), 4) << "after a run stop() is not remembered";
}

}  // namespace
}  // namespace phial
