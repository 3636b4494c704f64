// The cancellation matrix of Twisted's test_defer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/master/deferred_list.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/deferred/unhandled.h"

namespace phial {
namespace {

using ::testing::ElementsAre;

// Takes the result of a Deferred apart for a test to look at.
template <class T>
struct Seen {
  explicit Seen(Deferred<T> d)
      : deferred(std::move(d).addBoth([this](Outcome<T> o) {
          ++count;
          if (!o.ok()) failure = o.failure().type();
          if constexpr (!std::is_void_v<T>) {
            if (o.ok()) value = o.value();
          }
        })) {}
  int count = 0;
  int value = 0;
  std::string failure;
  Deferred<void> deferred;
};

TEST(CancelTest, WithoutCancellerFailsWithCancelledError) {
  auto made = newDeferred<int>();
  Seen<int> seen(std::move(made.deferred));
  seen.deferred.cancel();
  EXPECT_EQ(seen.failure, "phial::CancelledError");
  EXPECT_TRUE(made.resolver.called());
}

TEST(CancelTest, WithoutCancellerSwallowsExactlyOneLateResult) {
  auto made = newDeferred<int>();
  Seen<int> seen(std::move(made.deferred));
  seen.deferred.cancel();
  EXPECT_NO_THROW(made.resolver.callback(1));
  EXPECT_THROW(made.resolver.callback(2), AlreadyCalledError);
  EXPECT_EQ(seen.count, 1);
}

TEST(CancelTest, WithoutCancellerSwallowsALateFailureUnreported) {
  UnhandledErrors unhandled;
  auto made = newDeferred<int>();
  Seen<int> seen(std::move(made.deferred));
  seen.deferred.cancel();
  EXPECT_NO_THROW(made.resolver.errback(std::runtime_error("late")));
  EXPECT_THROW(made.resolver.errback(std::runtime_error("later")), AlreadyCalledError);
}

TEST(CancelTest, CancellerRunsAndCancelledErrorFollows) {
  int ran = 0;
  auto made = newDeferred<int>([&] { ++ran; });
  Seen<int> seen(std::move(made.deferred));
  seen.deferred.cancel();
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(seen.failure, "phial::CancelledError");
}

TEST(CancelTest, WithCancellerNoLateResultIsSwallowed) {
  auto made = newDeferred<int>([] {});
  Seen<int> seen(std::move(made.deferred));
  seen.deferred.cancel();
  EXPECT_THROW(made.resolver.callback(1), AlreadyCalledError);
}

TEST(CancelTest, CancellerMaySucceed) {
  auto made = newDeferred<int>([](Resolver<int>& r) { r.callback(12); });
  Seen<int> seen(std::move(made.deferred));
  seen.deferred.cancel();
  EXPECT_EQ(seen.value, 12);
  EXPECT_EQ(seen.count, 1);
}

TEST(CancelTest, CancellerMayFailInItsOwnWay) {
  auto made = newDeferred<int>([](const Resolver<int>& r) { r.errback(std::range_error("own")); });
  Seen<int> seen(std::move(made.deferred));
  seen.deferred.cancel();
  EXPECT_EQ(seen.failure, "std::range_error");
}

TEST(CancelTest, SecondCancelAndCancelAfterFiringDoNothing) {
  int ran = 0;
  auto made = newDeferred<int>([&] { ++ran; });
  Seen<int> seen(std::move(made.deferred));
  seen.deferred.cancel();
  seen.deferred.cancel();
  EXPECT_EQ(ran, 1);
  auto fired = newDeferred<int>([&] { ++ran; });
  fired.resolver.callback(1);
  Seen<int> other(std::move(fired.deferred));
  other.deferred.cancel();
  EXPECT_EQ(other.value, 1);
  EXPECT_EQ(ran, 1);
}

TEST(CancelTest, CancellerIsDestroyedWhenTheResultIsThere) {
  auto owned = std::make_shared<int>(0);
  std::weak_ptr<int> watch = owned;
  auto made = newDeferred<int>([owned = std::move(owned)] { ++*owned; });
  made.resolver.callback(1);
  EXPECT_TRUE(watch.expired());
}

TEST(CancelTest, CancelFromWithinTheCancellerDoesNothing) {
  int ran = 0;
  std::function<void()> again;
  auto made = newDeferred<int>([&] {
    ++ran;
    again();
  });
  Seen<int> seen(std::move(made.deferred));
  again = [&] { seen.deferred.cancel(); };
  seen.deferred.cancel();
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(seen.count, 1);
}

TEST(CancelTest, CancelFromWithinARunningCallbackDoesNothing) {
  auto made = newDeferred<int>();
  Deferred<int> d;
  d = std::move(made.deferred).addCallback([&](int n) {
    d.cancel();
    return n + 1;
  });
  made.resolver.callback(1);
  Seen<int> seen(std::move(d));
  EXPECT_EQ(seen.value, 2);
}

TEST(CancelTest, CancellerMayDropTheHandle) {
  Deferred<void> d;
  auto made = newDeferred<void>([&] { d = {}; });
  int ran = 0;
  d = std::move(made.deferred).addErrback([&](const Failure&) { ++ran; });
  made.resolver = {};
  d.cancel();
  EXPECT_FALSE(d);
  EXPECT_EQ(ran, 1);
}

TEST(CancelTest, CancellerIsReachedThoughEveryResolverIsGone) {
  int ran = 0;
  Seen<int> seen(newDeferred<int>([&] { ++ran; }).deferred);
  seen.deferred.cancel();
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(seen.failure, "phial::CancelledError");
}

TEST(CancelTest, CancellerOfAnInnerIsReachedThoughEveryResolverIsGone) {
  int ran = 0;
  Seen<int> seen(succeed().addCallback([&] { return newDeferred<int>([&] { ++ran; }).deferred; }));
  seen.deferred.cancel();
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(seen.failure, "phial::CancelledError");
}

TEST(CancelTest, ReachesTheInnermostPendingProducer) {
  std::vector<std::string> ran;
  auto outer = newDeferred<void>([&] { ran.push_back("outer"); });
  auto middle = newDeferred<void>([&] { ran.push_back("middle"); });
  auto inner = newDeferred<int>([&] { ran.push_back("inner"); });
  Seen<int> seen(std::move(outer.deferred).addCallback([&] {
    return std::move(middle.deferred).addCallback([&] { return std::move(inner.deferred); });
  }));
  outer.resolver.callback();
  middle.resolver.callback();
  seen.deferred.cancel();
  EXPECT_THAT(ran, ElementsAre("inner"));
  EXPECT_EQ(seen.failure, "phial::CancelledError");
}

TEST(CancelTest, LateResultOfACancelledInnerIsSwallowedOnce) {
  auto inner = newDeferred<int>();
  Seen<int> seen(succeed().addCallback([&] { return std::move(inner.deferred); }));
  seen.deferred.cancel();
  EXPECT_NO_THROW(inner.resolver.callback(1));
  EXPECT_THROW(inner.resolver.callback(1), AlreadyCalledError);
  EXPECT_EQ(seen.count, 1);
}

TEST(CancelTest, ErrbackMayTurnCancellationIntoAnotherWait) {
  auto first = newDeferred<int>();
  auto second = newDeferred<int>();
  Seen<int> seen(std::move(first.deferred).addErrback([&](const Failure& f) {
    f.trap<CancelledError>();
    return std::move(second.deferred);
  }));
  seen.deferred.cancel();
  EXPECT_EQ(seen.count, 0);
  second.resolver.callback(3);
  EXPECT_EQ(seen.value, 3);
}

// A coroutine that waits for a Deferred whose canceller gives up the only Resolver, as those of
// DeferredQueue and DeferredLock do. `result` gets the type of its failure.
Deferred<int> waitsForOneThatGivesUp(std::string& result) {
  auto resolver = std::make_shared<Resolver<int>>();
  auto made = newDeferred<int>([weak = std::weak_ptr(resolver)] {
    if (auto kept = weak.lock()) *kept = {};
  });
  *resolver = std::move(made.resolver);
  return [](Deferred<int> awaited,
            std::shared_ptr<Resolver<int>>) -> Deferred<int> {
    co_return co_await std::move(awaited);
  }(std::move(made.deferred), resolver)
                                                   .addBoth([&result](Outcome<int> outcome) {
                                                     result = outcome.ok()
                                                                  ? "a value"
                                                                  : outcome.failure().type();
                                                     return outcome;
                                                   });
}

TEST(CancelTest, LoserOfARaceSettlesThoughItsCancellerDropsTheResolver) {
  const UnhandledErrors unhandled;
  std::string result;
  race(waitsForOneThatGivesUp(result), succeed(1));
  EXPECT_EQ(result, "phial::CancelledError");
}

TEST(CancelTest, OneLetGoByGatherResultsSettlesThoughItsCancellerDropsTheResolver) {
  UnhandledErrors unhandled;
  std::string result;
  auto first = newDeferred<int>();
  gatherResults(std::move(first.deferred), waitsForOneThatGivesUp(result)).cancel();
  EXPECT_EQ(result, "phial::CancelledError");
  EXPECT_THAT(unhandled.take(), ElementsAre("cancelled")) << "that of gatherResults itself";
}

TEST(CancelTest, DroppingDoesNotCancel) {
  int ran = 0;
  auto made = newDeferred<int>([&] { ++ran; });
  made.deferred = {};
  EXPECT_FALSE(made.resolver.called());
  made.resolver.callback(1);
  EXPECT_EQ(ran, 0);
}

}  // namespace
}  // namespace phial
