// co_await and coroutines, after Twisted's inlineCallbacks and coroutine tests. Awaited temporaries
// are named first: GCC 12 miscompiles some of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/master/deferred.h>

#include <coroutine>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/deferred/unhandled.h"

namespace phial {
namespace {

using ::testing::ElementsAre;

Deferred<int> addOne(Deferred<int> d) {
  int n = co_await std::move(d);
  co_return n + 1;
}

Deferred<void> record(std::vector<int>* order, Deferred<int> d) {
  order->push_back(1);
  int n = co_await std::move(d);
  order->push_back(n);
}

TEST(CoroutineTest, RunsAtOnceUpToTheFirstPendingAwait) {
  std::vector<int> order;
  auto made = newDeferred<int>();
  auto d = record(&order, std::move(made.deferred));
  order.push_back(2);
  EXPECT_FALSE(d.called());
  made.resolver.callback(3);
  EXPECT_TRUE(d.called());
  EXPECT_THAT(order, ElementsAre(1, 2, 3));
}

TEST(CoroutineTest, AwaitingAFiredDeferredDoesNotSuspend) {
  int seen = 0;
  auto d = addOne(succeed(4)).addCallback([&](int n) { seen = n; });
  EXPECT_EQ(seen, 5);
}

TEST(CoroutineTest, ReturnsThroughCallbacks) {
  auto made = newDeferred<int>();
  int seen = 0;
  auto d = addOne(std::move(made.deferred)).addCallback([&](int n) { seen = n; });
  made.resolver.callback(1);
  EXPECT_EQ(seen, 2);
}

TEST(CoroutineTest, FailureIsThrownAtTheAwaitAndLeavesAsAFailure) {
  std::string seen;
  auto made = newDeferred<int>();
  auto d = addOne(std::move(made.deferred)).addErrback([&](const Failure& f) {
    seen = f.type();
    return 0;
  });
  made.resolver.errback(std::range_error("x"));
  EXPECT_EQ(seen, "std::range_error");
}

Deferred<std::string> describe(Deferred<int> d) {
  std::string text;
  try {
    int n = co_await std::move(d);
    text = std::to_string(n);
  } catch (const RemoteError& e) {
    text = "remote " + e.types().front();
  } catch (const std::exception& e) {
    text = e.what();
  }
  co_return text;
}

TEST(CoroutineTest, CatchesWhatItAwaits) {
  std::vector<std::string> seen;
  auto add = [&](std::string s) { seen.push_back(std::move(s)); };
  auto a = describe(fail<int>(std::runtime_error("local"))).addCallback(add);
  auto b = describe(fail<int>(Failure::remote({{"app::E"}, "m", ""}))).addCallback(add);
  EXPECT_THAT(seen, ElementsAre("local", "remote app::E"));
}

Deferred<std::unique_ptr<int>> passOn(Deferred<std::unique_ptr<int>> d) {
  std::unique_ptr<int> p = co_await std::move(d);
  co_return p;
}

TEST(CoroutineTest, MoveOnlyValuesPass) {
  auto made = newDeferred<std::unique_ptr<int>>();
  int seen = 0;
  auto d = passOn(std::move(made.deferred)).addCallback([&](std::unique_ptr<int> p) { seen = *p; });
  made.resolver.callback(std::make_unique<int>(6));
  EXPECT_EQ(seen, 6);
}

Deferred<int> sumOf(std::vector<Deferred<int>> ds) {
  int sum = 0;
  for (auto& d : ds) {
    int n = co_await std::move(d);
    sum += n;
  }
  co_return sum;
}

TEST(CoroutineTest, AwaitsOneAfterTheOther) {
  auto a = newDeferred<int>();
  auto b = newDeferred<int>();
  std::vector<Deferred<int>> ds;
  ds.push_back(std::move(a.deferred));
  ds.push_back(succeed(100));
  ds.push_back(std::move(b.deferred));
  int seen = 0;
  auto d = sumOf(std::move(ds)).addCallback([&](int n) { seen = n; });
  b.resolver.callback(10);
  EXPECT_EQ(seen, 0);
  a.resolver.callback(1);
  EXPECT_EQ(seen, 111);
}

TEST(CoroutineTest, ReturnedFromACallbackItIsFlattened) {
  auto made = newDeferred<int>();
  int seen = 0;
  auto d = succeed()
               .addCallback([&] { return addOne(std::move(made.deferred)); })
               .addCallback([&](int n) { seen = n; });
  made.resolver.callback(1);
  EXPECT_EQ(seen, 2);
}

// --- Cancelling ---

TEST(CoroutineTest, CancellingCancelsWhatItAwaits) {
  std::string seen;
  int ran = 0;
  auto made = newDeferred<int>([&] { ++ran; });
  auto d = addOne(std::move(made.deferred)).addErrback([&](const Failure& f) {
    seen = f.type();
    return 0;
  });
  d.cancel();
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(seen, "phial::CancelledError");
}

TEST(CoroutineTest, MayReturnAValueAfterBeingCancelled) {
  std::string seen;
  auto made = newDeferred<int>();
  auto d = describe(std::move(made.deferred)).addCallback([&](const std::string& s) { seen = s; });
  d.cancel();
  EXPECT_EQ(seen, "cancelled");
}

Deferred<int> insist(Deferred<int> first, Deferred<int> second) {
  bool cancelled = false;
  int n = 0;
  try {
    n = co_await std::move(first);
  } catch (const CancelledError&) {
    cancelled = true;
  }
  if (cancelled) n = co_await std::move(second);
  co_return n;
}

TEST(CoroutineTest, MayGoOnAfterBeingCancelledAndBeCancelledAgain) {
  auto first = newDeferred<int>();
  auto second = newDeferred<int>();
  std::string seen;
  auto d = insist(std::move(first.deferred), std::move(second.deferred))
               .addErrback([&](const Failure& f) {
                 seen = f.type();
                 return 0;
               });
  d.cancel();
  EXPECT_EQ(seen, "");
  EXPECT_FALSE(second.resolver.called());
  d.cancel();
  EXPECT_EQ(seen, "phial::CancelledError");
  EXPECT_TRUE(second.resolver.called());
}

TEST(CoroutineTest, CancelReachesThroughNestedCoroutines) {
  std::string seen;
  int ran = 0;
  auto made = newDeferred<int>([&] { ++ran; });
  auto d = addOne(addOne(addOne(std::move(made.deferred)))).addErrback([&](const Failure& f) {
    seen = f.type();
    return 0;
  });
  d.cancel();
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(seen, "phial::CancelledError");
}

TEST(CoroutineTest, CancelFromWithinItselfWhileRunningDoesNothing) {
  auto made = newDeferred<int>();
  Deferred<int> d;
  int seen = 0;
  d = addOne(std::move(made.deferred).addCallback([&](int n) {
    d.cancel();
    return n;
  }));
  d = std::move(d).addCallback([&](int n) { return seen = n; });
  made.resolver.callback(1);
  EXPECT_EQ(seen, 2);
}

// --- Life ---

Deferred<void> holding(std::shared_ptr<int> held, Deferred<int> d) {
  int n = co_await std::move(d);
  *held += n;
}

TEST(CoroutineTest, DroppingItsDeferredLetsItRunOn) {
  auto made = newDeferred<int>();
  auto held = std::make_shared<int>(0);
  {
    auto d = holding(held, std::move(made.deferred));
  }
  EXPECT_EQ(held.use_count(), 2);
  made.resolver.callback(3);
  EXPECT_EQ(*held, 3);
  EXPECT_EQ(held.use_count(), 1);
}

TEST(CoroutineTest, FrameIsDestroyedWhenNobodyCanResumeIt) {
  auto held = std::make_shared<int>(0);
  auto made = newDeferred<int>();
  auto d = holding(held, std::move(made.deferred));
  made.resolver = {};
  EXPECT_EQ(held.use_count(), 2) << "it can still be cancelled";
  d = {};
  EXPECT_EQ(held.use_count(), 1);
}

TEST(CoroutineTest, FrameIsDestroyedWhicheverGoesFirst) {
  auto held = std::make_shared<int>(0);
  auto made = newDeferred<int>();
  {
    auto d = holding(held, std::move(made.deferred));
  }
  EXPECT_EQ(held.use_count(), 2);
  made.resolver = {};
  EXPECT_EQ(held.use_count(), 1);
}

TEST(CoroutineTest, FrameIsDestroyedWhenTheResolverIsLostBelowSeveralLevels) {
  auto held = std::make_shared<int>(0);
  auto made = newDeferred<int>();
  auto twice = [](std::shared_ptr<int> h, Deferred<int> d) -> Deferred<int> {
    int n = co_await std::move(d);
    co_return n + *h;
  };
  auto d = twice(held, twice(held, addOne(std::move(made.deferred)))).addCallback([held](int n) {
    return n;
  });
  EXPECT_EQ(held.use_count(), 4);
  d = {};
  EXPECT_EQ(held.use_count(), 4);
  made.resolver = {};
  EXPECT_EQ(held.use_count(), 1);
}

TEST(CoroutineTest, CancellerIsReachedThoughEveryResolverIsGone) {
  int ran = 0;
  std::string seen;
  auto awaited = newDeferred<int>([&] { ++ran; }).deferred;
  auto d = addOne(std::move(awaited)).addErrback([&](const Failure& f) {
    seen = f.type();
    return 0;
  });
  d.cancel();
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(seen, "phial::CancelledError");
}

TEST(CoroutineTest, UnhandledErrorOfADroppedCoroutineIsReported) {
  UnhandledErrors unhandled;
  auto made = newDeferred<int>();
  {
    auto d = addOne(std::move(made.deferred));
  }
  made.resolver.errback(std::runtime_error("lost"));
  EXPECT_THAT(unhandled.take(), ElementsAre("lost"));
}

TEST(CoroutineTest, ErrorCaughtInTheCoroutineIsNotReported) {
  UnhandledErrors unhandled;
  {
    auto d = describe(fail<int>(std::runtime_error("caught")));
  }
}

// --- Other coroutine types ---

struct Foreign {
  struct promise_type {
    Foreign get_return_object() {
      return {std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_never initial_suspend() { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { throw; }
  };
  std::coroutine_handle<promise_type> handle;
};

Foreign foreign(Deferred<int> d, int* seen) {
  int n = co_await std::move(d);
  *seen = n;
}

TEST(CoroutineTest, AnyCoroutineMayAwaitADeferred) {
  auto made = newDeferred<int>();
  int seen = 0;
  Foreign f = foreign(std::move(made.deferred), &seen);
  made.resolver.callback(5);
  EXPECT_EQ(seen, 5);
  EXPECT_TRUE(f.handle.done());
  f.handle.destroy();
}

TEST(CoroutineTest, ForeignFrameMayBeDestroyedWhileItWaits) {
  auto made = newDeferred<int>();
  int seen = 0;
  Foreign f = foreign(std::move(made.deferred), &seen);
  f.handle.destroy();
  made.resolver.callback(5);
  EXPECT_EQ(seen, 0);
}

struct Gate {
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> h) { waiting = h; }
  void await_resume() {}
  std::coroutine_handle<> waiting;
};

Deferred<int> throughGate(Gate* gate) {
  co_await *gate;
  co_return 8;
}

TEST(CoroutineTest, MayAwaitSomethingElseThanADeferred) {
  Gate gate;
  int seen = 0;
  {
    auto d = throughGate(&gate).addCallback([&](int n) { seen = n; });
  }
  gate.waiting.resume();
  EXPECT_EQ(seen, 8);
}

}  // namespace
}  // namespace phial
