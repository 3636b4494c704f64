// What Twisted's DeferredTests say of callbacks and errbacks, for phial::Deferred.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/master/deferred.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/unit/deferred/unhandled.h"

namespace phial {
namespace {

using ::testing::ElementsAre;

TEST(DeferredTest, CallbackAddedAfterFiringRunsAtOnce) {
  int seen = 0;
  auto d = succeed(5).addCallback([&](int n) { seen = n; });
  EXPECT_EQ(seen, 5);
}

TEST(DeferredTest, CallbackAddedBeforeFiringRunsWithinTheFiring) {
  auto [deferred, resolver] = newDeferred<int>();
  int seen = 0;
  auto d = std::move(deferred).addCallback([&](int n) { seen = n; });
  EXPECT_EQ(seen, 0);
  EXPECT_FALSE(d.called());
  resolver.callback(7);
  EXPECT_EQ(seen, 7);
  EXPECT_TRUE(d.called());
  EXPECT_TRUE(resolver.called());
}

TEST(DeferredTest, EachCallbackGetsTheResultOfTheOneBefore) {
  std::string seen;
  auto d = succeed(20)
               .addCallback([](int n) { return n + 1; })
               .addCallback([](int n) { return std::to_string(n); })
               .addCallback([&](const std::string& s) { seen = s; })
               .addCallback([&] { seen += "!"; });
  EXPECT_EQ(seen, "21!");
}

TEST(DeferredTest, ThrowMovesToTheErrorSideAndSkipsCallbacks) {
  std::vector<std::string> seen;
  auto d = succeed(1)
               .addCallback([](int) -> int { throw std::out_of_range("far"); })
               .addCallback([&](int n) {
                 seen.push_back("callback");
                 return n;
               })
               .addErrback([&](const Failure& f) {
                 seen.push_back(f.type() + ": " + f.message());
                 return 3;
               })
               .addCallback([&](int n) { seen.push_back(std::to_string(n)); });
  EXPECT_THAT(seen, ElementsAre("std::out_of_range: far", "3"));
}

TEST(DeferredTest, ErrbackIsSkippedOnSuccess) {
  int seen = 0;
  auto d = succeed(4).addErrback([](const Failure&) { return -1; }).addCallback([&](int n) {
    seen = n;
  });
  EXPECT_EQ(seen, 4);
}

TEST(DeferredTest, ErrbackThatThrowsStaysOnTheErrorSide) {
  std::string seen;
  auto d = fail<int>(std::runtime_error("first"))
               .addErrback([](const Failure&) -> int { throw std::runtime_error("second"); })
               .addErrback([&](const Failure& f) { seen = f.message(); });
  EXPECT_EQ(seen, "second");
}

TEST(DeferredTest, ErrbackThatReturnsTheFailureStaysOnTheErrorSide) {
  std::vector<std::string> seen;
  auto d = fail<int>(std::runtime_error("kept"))
               .addErrback([&](Failure f) {
                 seen.push_back("looked");
                 return f;
               })
               .addCallback([&](int) { seen.push_back("callback"); })
               .addErrback([&](const Failure& f) { seen.push_back(f.message()); });
  EXPECT_THAT(seen, ElementsAre("looked", "kept"));
}

TEST(DeferredTest, ErrbackThatReturnsNothingDropsTheValueType) {
  Deferred<void> dropped = succeed(4).addErrback([](const Failure&) {});
  bool ran = false;
  auto d = std::move(dropped).addCallback([&] { ran = true; });
  EXPECT_TRUE(ran);
}

TEST(DeferredTest, ErrbackResultIsConvertedToTheValueType) {
  std::string seen;
  Deferred<std::string> text =
      fail<std::string>(std::runtime_error("x")).addErrback([](Failure) { return "plain"; });
  auto d = std::move(text).addCallback([&](std::string s) { seen = s; });
  EXPECT_EQ(seen, "plain");
}

TEST(DeferredTest, AddCallbacksRunsOneOfTheTwo) {
  std::vector<int> seen;
  auto record = [&](int n) { seen.push_back(n); };
  auto good = succeed(1)
                  .addCallbacks([](int n) { return n; }, [](const Failure&) { return 2; })
                  .addCallback(record);
  auto bad = fail<int>(std::runtime_error("x"))
                 .addCallbacks([](int n) { return n; }, [](const Failure&) { return 2; })
                 .addCallback(record);
  EXPECT_THAT(seen, ElementsAre(1, 2));
}

TEST(DeferredTest, AddCallbacksErrbackDoesNotSeeItsOwnCallbacksThrow) {
  std::string seen;
  auto d = succeed(1)
               .addCallbacks([](int) -> int { throw std::runtime_error("mine"); },
                             [&](const Failure&) {
                               seen = "sibling";
                               return 0;
                             })
               .addCallback([](int) {})
               .addErrback([&](const Failure& f) { seen = f.message(); });
  EXPECT_EQ(seen, "mine");
}

TEST(DeferredTest, AddCallbacksWithASilentErrbackDropsTheValue) {
  Deferred<void> value = succeed(1).addCallbacks([](int n) { return n; }, [](const Failure&) {});
  Deferred<void> inner =
      succeed(1).addCallbacks([](int n) { return succeed(n); }, [](const Failure&) {});
  EXPECT_TRUE(value.called());
  EXPECT_TRUE(inner.called());
}

TEST(DeferredTest, AddBothSeesValueAndFailure) {
  std::vector<std::string> seen;
  auto look = [&](Outcome<int> o) {
    seen.push_back(o.ok() ? std::to_string(o.value()) : o.failure().message());
  };
  auto good = succeed(1).addBoth(look);
  auto bad = fail<int>(std::runtime_error("no")).addBoth(look);
  EXPECT_THAT(seen, ElementsAre("1", "no"));
}

TEST(DeferredTest, AddBothTakesGenericLambdas) {
  int ran = 0;
  auto d = succeed(1).addBoth([&](auto&&) { ++ran; }).addBoth([&](auto&& o) {
    if (o.ok()) ++ran;
  });
  auto e = succeed().addBoth([&](const auto&) { ++ran; });
  EXPECT_EQ(ran, 3);
}

TEST(DeferredTest, AddBothPassesOnTheOutcomeItReturns) {
  UnhandledErrors unhandled;
  std::string seen;
  auto good = succeed(1).addBoth([](auto o) { return o; }).addCallback([&](int n) {
    seen += std::to_string(n);
  });
  auto bad = fail<int>(std::runtime_error("no"))
                 .addBoth([](Outcome<int> o) { return o; })
                 .addErrback([&](const Failure& f) {
                   seen += f.message();
                   return 0;
                 });
  EXPECT_EQ(seen, "1no");
}

TEST(DeferredTest, MoveOnlyValuesTravelTheChain) {
  int seen = 0;
  auto d = succeed(std::make_unique<int>(4))
               .addCallback([](std::unique_ptr<int> p) {
                 ++*p;
                 return p;
               })
               .addCallback([](std::unique_ptr<int>&& p) { return succeed(std::move(p)); })
               .addBoth([](Outcome<std::unique_ptr<int>> o) { return o; })
               .addCallback([&](const std::unique_ptr<int>& p) { seen = *p; });
  EXPECT_EQ(seen, 5);
}

TEST(DeferredTest, MoveOnlyCallbackIsDestroyedOnceItHasRun) {
  auto owned = std::make_shared<int>(3);
  std::weak_ptr<int> watch = owned;
  auto box = std::make_unique<std::shared_ptr<int>>(std::move(owned));
  auto [deferred, resolver] = newDeferred<int>();
  auto d = std::move(deferred).addCallback([box = std::move(box)](int n) { return n + **box; });
  EXPECT_FALSE(watch.expired());
  resolver.callback(1);
  EXPECT_TRUE(watch.expired());
}

TEST(DeferredTest, SkippedCallbackIsDestroyedToo) {
  auto owned = std::make_shared<int>(3);
  std::weak_ptr<int> watch = owned;
  auto d = succeed(1).addErrback([owned = std::move(owned)](const Failure&) { return *owned; });
  EXPECT_TRUE(watch.expired());
}

TEST(DeferredTest, UsingAConsumedDeferredThrows) {
  auto d = succeed(1);
  auto next = std::move(d).addCallback([](int n) { return n; });
  EXPECT_FALSE(d);
  EXPECT_TRUE(next);
  EXPECT_THROW((void)std::move(d).addCallback([](int n) { return n; }), std::logic_error);
  EXPECT_THROW(d.cancel(), std::logic_error);
  EXPECT_THROW((void)d.called(), std::logic_error);
}

TEST(DeferredTest, CallbackAddedFromWithinARunningCallbackRunsAfterIt) {
  std::vector<std::string> order;
  auto [deferred, resolver] = newDeferred<void>();
  Deferred<void> d;
  d = std::move(deferred).addCallback([&] {
    order.push_back("outer");
    d = std::move(d).addCallback([&] { order.push_back("added"); });
    order.push_back("outer ends");
  });
  resolver.callback();
  EXPECT_THAT(order, ElementsAre("outer", "outer ends", "added"));
}

TEST(DeferredTest, HandleMayBeDroppedByItsOwnCallback) {
  auto [deferred, resolver] = newDeferred<void>();
  std::vector<int> order;
  Deferred<void> d;
  d = std::move(deferred)
          .addCallback([&] {
            d = {};
            order.push_back(1);
          })
          .addCallback([&] { order.push_back(2); });
  resolver.callback();
  EXPECT_THAT(order, ElementsAre(1, 2));
}

TEST(DeferredTest, DroppingTheDeferredDoesNotStopItsCallbacks) {
  auto [deferred, resolver] = newDeferred<int>();
  int seen = 0;
  {
    auto d = std::move(deferred).addCallback([&](int n) { seen = n; });
  }
  resolver.callback(9);
  EXPECT_EQ(seen, 9);
}

TEST(DeferredTest, DroppingEveryResolverLeavesItPending) {
  auto made = newDeferred<int>();
  auto owned = std::make_shared<int>(0);
  std::weak_ptr<int> watch = owned;
  auto d = std::move(made.deferred).addBoth([owned = std::move(owned)](auto&&) { ++*owned; });
  made.resolver = {};
  EXPECT_FALSE(d.called());
  EXPECT_EQ(*watch.lock(), 0);
  d = {};
  EXPECT_TRUE(watch.expired());
}

TEST(DeferredTest, SecondFireThrows) {
  UnhandledErrors unhandled;
  auto [deferred, resolver] = newDeferred<int>();
  auto copy = resolver;
  resolver.callback(1);
  EXPECT_THROW(copy.callback(2), AlreadyCalledError);
  EXPECT_THROW(copy.errback(std::runtime_error("late")), AlreadyCalledError);
  int seen = 0;
  auto d = std::move(deferred).addCallback([&](int n) { seen = n; });
  EXPECT_EQ(seen, 1);
}

TEST(DeferredTest, FiringFromWithinACallbackOfAnotherRunsThatOneAtOnce) {
  std::vector<int> order;
  auto first = newDeferred<void>();
  auto second = newDeferred<void>();
  auto b = std::move(second.deferred).addCallback([&] { order.push_back(2); });
  auto a = std::move(first.deferred).addCallback([&] {
    order.push_back(1);
    second.resolver.callback();
    order.push_back(3);
  });
  first.resolver.callback();
  EXPECT_THAT(order, ElementsAre(1, 2, 3));
}

TEST(DeferredTest, ErrbackTakesAnyException) {
  std::vector<std::string> seen;
  auto look = [&](const Failure& f) {
    seen.push_back(f.message());
    return 0;
  };
  auto a = newDeferred<int>();
  auto da = std::move(a.deferred).addErrback(look);
  a.resolver.errback(std::runtime_error("exception"));
  auto b = newDeferred<int>();
  auto db = std::move(b.deferred).addErrback(look);
  b.resolver.errback(Failure(std::logic_error("failure")));
  auto c = newDeferred<int>();
  auto dc = std::move(c.deferred).addErrback(look);
  c.resolver.errback(std::make_exception_ptr(std::logic_error("pointer")));
  EXPECT_THAT(seen, ElementsAre("exception", "failure", "pointer"));
}

TEST(DeferredTest, MaybeDeferredTakesValuesThrowsAndDeferreds) {
  int sum = 0;
  std::string error;
  auto add = [&](int n) { sum += n; };
  auto a = maybeDeferred([](int x, int y) { return x + y; }, 1, 2).addCallback(add);
  auto b =
      maybeDeferred([](std::unique_ptr<int> p) { return succeed(*p); }, std::make_unique<int>(10))
          .addCallback(add);
  auto c = maybeDeferred([]() -> int { throw std::runtime_error("thrown"); })
               .addCallback(add)
               .addErrback([&](const Failure& f) { error = f.message(); });
  auto d = maybeDeferred([] {}).addCallback([&] { sum += 100; });
  EXPECT_EQ(sum, 113);
  EXPECT_EQ(error, "thrown");
}

TEST(DeferredTest, OutcomeRethrowsAndGuards) {
  Outcome<int> good(3);
  Outcome<int> bad(Failure(std::out_of_range("x")));
  Outcome<void> done;
  EXPECT_EQ(good.value(), 3);
  EXPECT_THROW((void)good.failure(), std::logic_error);
  EXPECT_THROW((void)bad.value(), std::out_of_range);
  EXPECT_NO_THROW(done.value());
  EXPECT_THROW((void)done.failure(), std::logic_error);
}

}  // namespace
}  // namespace phial
