// Callbacks that return Deferreds: the chain pauses, goes on, fails, nests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/master/deferred.h>
#include <phial/master/log.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/deferred/unhandled.h"

namespace phial {
namespace {

using ::testing::ElementsAre;

TEST(ChainingTest, FiredInnerIsFlattened) {
  int seen = 0;
  Deferred<int> flat = succeed(1).addCallback([](int n) { return succeed(n + 1); });
  auto d = std::move(flat).addCallback([&](int n) { seen = n; });
  EXPECT_EQ(seen, 2);
}

TEST(ChainingTest, FailedInnerMovesToTheErrorSide) {
  std::string seen;
  auto d = succeed(1)
               .addCallback([](int) { return fail<int>(std::runtime_error("inner")); })
               .addCallback([](int) {})
               .addErrback([&](const Failure& f) { seen = f.message(); });
  EXPECT_EQ(seen, "inner");
}

TEST(ChainingTest, PausesUntilThePendingInnerFires) {
  auto inner = newDeferred<std::string>();
  std::string seen;
  auto d = succeed(1)
               .addCallback([&](int) { return std::move(inner.deferred); })
               .addCallback([&](const std::string& s) { seen = s; });
  EXPECT_EQ(seen, "");
  EXPECT_TRUE(d.called()) << "as in Twisted: its own producer has fired";
  inner.resolver.callback("late");
  EXPECT_EQ(seen, "late");
}

TEST(ChainingTest, CallbackAddedWhilePausedWaits) {
  auto inner = newDeferred<void>();
  std::vector<int> order;
  auto d = succeed().addCallback([&] { return std::move(inner.deferred); });
  auto e = std::move(d).addCallback([&] { order.push_back(1); });
  EXPECT_TRUE(order.empty());
  inner.resolver.callback();
  EXPECT_THAT(order, ElementsAre(1));
}

TEST(ChainingTest, CallbacksOfTheInnerRunBeforeThoseOfTheOuter) {
  auto inner = newDeferred<int>();
  std::vector<int> order;
  auto d = succeed()
               .addCallback([&] {
                 return std::move(inner.deferred).addCallback([&](int n) {
                   order.push_back(n);
                   return n + 1;
                 });
               })
               .addCallback([&](int n) { order.push_back(n); });
  inner.resolver.callback(1);
  EXPECT_THAT(order, ElementsAre(1, 2));
}

TEST(ChainingTest, ErrbackMayReturnADeferred) {
  auto inner = newDeferred<int>();
  int seen = 0;
  auto d = fail<int>(std::runtime_error("x"))
               .addErrback([&](const Failure&) { return std::move(inner.deferred); })
               .addCallback([&](int n) { seen = n; });
  EXPECT_EQ(seen, 0);
  inner.resolver.callback(8);
  EXPECT_EQ(seen, 8);
}

TEST(ChainingTest, ErrbackMayReturnADeferredOfSomethingThatConverts) {
  std::string seen;
  auto d = fail<std::string>(std::runtime_error("x"))
               .addErrback([&](const Failure&) { return succeed<const char*>("text"); })
               .addCallback([&](const std::string& s) { seen = s; });
  EXPECT_EQ(seen, "text");
}

TEST(ChainingTest, InnerPausedOnAnotherInner) {
  auto deepest = newDeferred<int>();
  auto middle = newDeferred<void>();
  int seen = 0;
  auto d = succeed()
               .addCallback([&] {
                 return std::move(middle.deferred).addCallback([&] {
                   return std::move(deepest.deferred);
                 });
               })
               .addCallback([&](int n) { seen = n; });
  middle.resolver.callback();
  EXPECT_EQ(seen, 0);
  deepest.resolver.callback(3);
  EXPECT_EQ(seen, 3);
}

TEST(ChainingTest, DroppedOuterStillRunsWhenTheInnerFires) {
  auto inner = newDeferred<int>();
  int seen = 0;
  {
    auto d =
        succeed().addCallback([&] { return std::move(inner.deferred); }).addCallback([&](int n) {
          seen = n;
        });
  }
  inner.resolver.callback(6);
  EXPECT_EQ(seen, 6);
}

TEST(ChainingTest, InnerFiredFromWithinTheCallbackThatReturnsIt) {
  auto inner = newDeferred<int>();
  int seen = 0;
  auto d = succeed()
               .addCallback([&] {
                 inner.resolver.callback(2);
                 return std::move(inner.deferred);
               })
               .addCallback([&](int n) { seen = n; });
  EXPECT_EQ(seen, 2);
}

TEST(ChainingTest, InnerWhoseCallbacksAreRunningIsWaitedFor) {
  auto source = newDeferred<void>();
  auto outer = newDeferred<void>();
  std::vector<std::string> order;
  Deferred<int> inner;
  auto d = std::move(outer.deferred)
               .addCallback([&] { return std::move(inner); })
               .addCallback([&](int n) { order.push_back("outer " + std::to_string(n)); });
  inner = std::move(source.deferred).addCallback([&] {
    outer.resolver.callback();  // takes `inner`, whose callback this is
    order.push_back("inner");
    return 4;
  });
  source.resolver.callback();
  EXPECT_THAT(order, ElementsAre("inner", "outer 4"));
}

TEST(ChainingTest, InnerThatWasRunningMayPauseAfterwards) {
  auto source = newDeferred<void>();
  auto outer = newDeferred<void>();
  auto later = newDeferred<int>();
  int seen = 0;
  Deferred<int> inner;
  auto d = std::move(outer.deferred)
               .addCallback([&] { return std::move(inner); })
               .addCallback([&](int n) { seen = n; });
  inner = std::move(source.deferred).addCallback([&] {
    outer.resolver.callback();
    return std::move(later.deferred);
  });
  source.resolver.callback();
  EXPECT_EQ(seen, 0);
  later.resolver.callback(5);
  EXPECT_EQ(seen, 5);
}

TEST(ChainingTest, ReturningItsOwnContinuationFails) {
  auto made = newDeferred<void>();
  Deferred<void> own;
  std::string message;
  Deferred<void> taken;
  own = std::move(made.deferred).addCallback([&] { return std::move(own); });
  own = std::move(own).addErrback([&](const Failure& f) { message = f.message(); });
  made.resolver.callback();
  EXPECT_EQ(message, "a callback returned a Deferred that waits for the callback's own Deferred");
}

TEST(ChainingTest, TwoThatReturnEachOtherFail) {
  auto a = newDeferred<void>();
  auto b = newDeferred<void>();
  std::vector<std::string> messages;
  auto note = [&](const Failure& f) { messages.push_back(f.message()); };
  Deferred<void> second = std::move(b.deferred).addCallback([] {});
  Deferred<void> first;
  first = std::move(a.deferred).addCallback([&] {
    b.resolver.callback();
    return std::move(second);
  });
  second = std::move(second).addCallback([&] { return std::move(first); }).addErrback(note);
  a.resolver.callback();
  EXPECT_THAT(
      messages,
      ElementsAre("a callback returned a Deferred that waits for the callback's own Deferred"));
}

TEST(ChainingTest, ReturningAnEmptyDeferredFails) {
  std::string message;
  auto d = succeed().addCallback([] { return Deferred<int>(); }).addErrback([&](const Failure& f) {
    message = f.message();
    return 0;
  });
  EXPECT_EQ(message, "this Deferred was consumed or moved from");
}

// --- Unhandled errors ---

TEST(UnhandledErrorTest, IsReportedOnceWhenTheLastHandleGoes) {
  UnhandledErrors unhandled;
  auto [deferred, resolver] = newDeferred<int>();
  resolver.errback(std::runtime_error("lost"));
  {
    auto d = std::move(deferred).addCallback([](int n) { return n; });
    EXPECT_TRUE(unhandled.take().empty()) << "an errback may still be added";
  }
  EXPECT_THAT(unhandled.take(), ElementsAre("lost"));
}

TEST(UnhandledErrorTest, IsReportedWhenFiredWithNobodyHolding) {
  UnhandledErrors unhandled;
  auto made = newDeferred<int>();
  made.deferred = {};
  made.resolver.errback(std::runtime_error("nobody"));
  EXPECT_THAT(unhandled.take(), ElementsAre("nobody"));
}

TEST(UnhandledErrorTest, HandledErrorsAndPendingOnesAreNotReported) {
  UnhandledErrors unhandled;
  {
    auto d = fail<int>(std::runtime_error("x")).addErrback([](const Failure&) {});
  }
  {
    auto pending = newDeferred<int>();
  }
  EXPECT_TRUE(unhandled.take().empty());
}

TEST(UnhandledErrorTest, FailureOfAnInnerIsReportedOnce) {
  UnhandledErrors unhandled;
  auto inner = newDeferred<int>();
  {
    auto d = succeed().addCallback([&] { return std::move(inner.deferred); });
  }
  inner.resolver.errback(std::runtime_error("inner"));
  EXPECT_THAT(unhandled.take(), ElementsAre("inner"));
}

TEST(UnhandledErrorTest, DefaultHookLogsTypeMessageAndTracebackInOneLine) {
  auto previous = setUnhandledErrorHook({});
  std::vector<std::string> records;
  auto sink = setLogSink([&](const LogRecord& record) {
    records.push_back(std::string(levelName(record.level)) + " " + std::string(record.text));
  });
  {
    auto d = fail<int>(Failure(std::make_exception_ptr(std::range_error("m\nn")), "  at\n  in\n"));
  }
  EXPECT_THAT(records,
              ElementsAre("error Unhandled error in Deferred: std::range_error: m | n | at | in"));
  setLogSink(std::move(sink));
  setUnhandledErrorHook(std::move(previous));
}

}  // namespace
}  // namespace phial
