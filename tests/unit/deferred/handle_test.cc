// DeferredHandle: cancelling a Deferred that was given away.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/master/deferred_list.h>

#include <algorithm>
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

class HandleTest : public ::testing::Test {
 protected:
  // A Deferred whose canceller notes `name`; its Resolver goes into resolvers.
  Deferred<int> named(const std::string& name) {
    auto made = newDeferred<int>([this, name] { cancelled.push_back(name); });
    resolvers.push_back(std::move(made.resolver));
    return std::move(made.deferred);
  }
  auto note() {
    return [this](const Outcome<int>& outcome) {
      seen = outcome.ok() ? std::to_string(outcome.value()) : outcome.failure().type();
    };
  }

  UnhandledErrors unhandled;
  std::vector<Resolver<int>> resolvers;
  std::vector<std::string> cancelled;
  std::string seen;
};

TEST_F(HandleTest, EmptyOneRefersToNothing) {
  const DeferredHandle handle;
  EXPECT_FALSE(handle);
  EXPECT_FALSE(handle.pending());
  handle.cancel();
  EXPECT_THROW(Deferred<int>().handle(), std::logic_error);
}

TEST_F(HandleTest, CancelsTheContinuationOfAConsumedDeferred) {
  auto d = named("a");
  const DeferredHandle handle = d.handle();
  auto end = std::move(d).addBoth(note());
  EXPECT_TRUE(handle);
  EXPECT_TRUE(handle.pending());
  const DeferredHandle copy = handle;
  copy.cancel();
  EXPECT_THAT(cancelled, ElementsAre("a"));
  EXPECT_EQ(seen, "phial::CancelledError");
  EXPECT_TRUE(handle);
  EXPECT_FALSE(handle.pending());
  handle.cancel();
  EXPECT_EQ(cancelled.size(), 1u);
}

TEST_F(HandleTest, CancelsWhatACallbackOfItHasReturned) {
  auto d = named("a");
  const DeferredHandle handle = d.handle();
  auto end = std::move(d).addCallback([this](int) { return named("b"); }).addBoth(note());
  resolvers.at(0).callback(1);
  handle.cancel();
  EXPECT_THAT(cancelled, ElementsAre("b"));
}

TEST_F(HandleTest, CancelsADeferredThatWasDropped) {
  DeferredHandle handle;
  {
    auto d = named("a").addBoth(note());
    handle = d.handle();
  }
  handle.cancel();
  EXPECT_THAT(cancelled, ElementsAre("a"));
  EXPECT_EQ(seen, "phial::CancelledError");
}

TEST_F(HandleTest, KeepsNothingAliveAndOutlivesItsDeferred) {
  auto watched = std::make_shared<int>();
  auto d = named("a").addBoth([watched](auto&&) {});
  const DeferredHandle handle = d.handle();
  d = {};
  resolvers.clear();
  EXPECT_EQ(watched.use_count(), 1);
  EXPECT_FALSE(handle.pending());
  handle.cancel();
}

TEST_F(HandleTest, FollowsIntoTheOuterChain) {
  auto d = named("inner");
  const DeferredHandle handle = d.handle();
  auto end = succeed().addCallback([&] { return std::move(d); }).addBoth(note());
  EXPECT_TRUE(handle.pending());
  handle.cancel();
  EXPECT_THAT(cancelled, ElementsAre("inner"));
  EXPECT_EQ(seen, "phial::CancelledError");
}

TEST_F(HandleTest, FollowsThroughSeveralOuterChains) {
  auto d = named("inner");
  const DeferredHandle handle = d.handle();
  auto middle = succeed().addCallback([&] { return std::move(d); });
  const DeferredHandle middleHandle = middle.handle();
  auto outer = succeed().addCallback([&] { return std::move(middle); });
  auto end = succeed().addCallback([&] { return std::move(outer); }).addBoth(note());
  handle.cancel();
  EXPECT_THAT(cancelled, ElementsAre("inner"));
  EXPECT_FALSE(middleHandle.pending());
}

TEST_F(HandleTest, LeavesAloneWhatTheOuterChainWaitsForNext) {
  auto d = named("inner");
  const DeferredHandle handle = d.handle();
  auto outer = succeed().addCallback([&] { return std::move(d); });
  const DeferredHandle whole = outer.handle();
  auto end = std::move(outer).addCallback([this](int) { return named("next"); }).addBoth(note());
  resolvers.at(0).callback(1);
  EXPECT_FALSE(handle.pending());
  EXPECT_TRUE(whole.pending());
  handle.cancel();
  EXPECT_THAT(cancelled, ElementsAre());
  whole.cancel();
  EXPECT_THAT(cancelled, ElementsAre("next"));
}

TEST_F(HandleTest, OfAnInnerThatHadItsResultEndsAtOnce) {
  auto d = succeed(1);
  const DeferredHandle handle = d.handle();
  auto end = succeed()
                 .addCallback([&] { return std::move(d); })
                 .addCallback([this](int) { return named("next"); })
                 .addBoth(note());
  EXPECT_FALSE(handle.pending());
  handle.cancel();
  EXPECT_THAT(cancelled, ElementsAre());
  end.cancel();
}

TEST_F(HandleTest, FollowsATailCallAndEndsWithIt) {
  auto d = named("first").addCallback([this](int) { return named("second"); });
  const DeferredHandle handle = d.handle();
  auto end = succeed()
                 .addCallback([&] { return std::move(d); })
                 .addCallback([this](int) { return named("next"); })
                 .addBoth(note());
  resolvers.at(0).callback(1);
  EXPECT_TRUE(handle.pending()) << "waits for the second";
  resolvers.at(1).callback(2);
  EXPECT_FALSE(handle.pending());
  handle.cancel();
  EXPECT_THAT(cancelled, ElementsAre());
  end.cancel();
  EXPECT_THAT(cancelled, ElementsAre("next"));
}

TEST_F(HandleTest, HandlesOfTailCallsEndTogether) {
  std::vector<DeferredHandle> handles;
  const auto tail = [&](Deferred<int> d) {
    handles.push_back(d.handle());
    return d;
  };
  auto first = tail(named("first").addCallback([&](int) {
    return tail(named("second").addCallback([&](int) { return tail(named("third")); }));
  }));
  auto end = succeed()
                 .addCallback([&] { return std::move(first); })
                 .addCallback([this](int) { return named("next"); })
                 .addBoth(note());
  resolvers.at(0).callback(1);
  resolvers.at(1).callback(1);
  ASSERT_EQ(handles.size(), 3u);
  for (const auto& handle : handles) EXPECT_TRUE(handle.pending());
  resolvers.at(2).callback(1);
  for (const auto& handle : handles) {
    EXPECT_FALSE(handle.pending());
    handle.cancel();
  }
  EXPECT_THAT(cancelled, ElementsAre());
  end.cancel();
}

TEST_F(HandleTest, HandlesOfSeveralLevelsEndTogetherAfterATailCall) {
  auto d = named("first").addCallback([this](int) { return named("second"); });
  const DeferredHandle inner = d.handle();
  auto around = succeed().addCallback([&] { return std::move(d); });
  const DeferredHandle outer = around.handle();
  auto end = succeed()
                 .addCallback([&] { return std::move(around); })
                 .addCallback([this](int) { return named("next"); })
                 .addBoth(note());
  resolvers.at(0).callback(1);
  EXPECT_TRUE(inner.pending());
  EXPECT_TRUE(outer.pending());
  resolvers.at(1).callback(1);
  EXPECT_FALSE(inner.pending());
  EXPECT_FALSE(outer.pending());
  end.cancel();
  EXPECT_THAT(cancelled, ElementsAre("next"));
}

TEST_F(HandleTest, FollowsAnInnerThatIsRunningWhenItIsReturned) {
  // The callback of `inner` fires the outer one, which takes `inner` while it runs.
  auto outer = newDeferred<void>();
  auto inner = named("inner");
  const DeferredHandle handle = inner.handle();
  Deferred<int> taken;
  auto end = std::move(outer.deferred)
                 .addCallback([&] { return std::move(taken); })
                 .addCallback([this](int) { return named("next"); })
                 .addBoth(note());
  taken = std::move(inner).addCallback([&](int) {
    outer.resolver.callback();
    return named("later");
  });
  resolvers.at(0).callback(1);
  EXPECT_TRUE(handle.pending());
  handle.cancel();
  EXPECT_THAT(cancelled, ElementsAre("later"));
  EXPECT_EQ(seen, "phial::CancelledError");
}

Deferred<int> passOn(Deferred<int> d) { co_return co_await std::move(d); }

TEST_F(HandleTest, FollowsIntoCoroutinesAndLists) {
  auto a = named("a");
  auto b = named("b");
  const DeferredHandle first = a.handle();
  const DeferredHandle second = b.handle();
  auto end = passOn(std::move(a)).addBoth(note());
  std::string failed;
  auto all = gatherResults(std::move(b), named("c")).addBoth([&](auto&& outcome) {
    failed = outcome.failure().type();
  });
  first.cancel();
  EXPECT_EQ(seen, "phial::CancelledError");
  second.cancel();
  EXPECT_EQ(failed, "phial::CancelledError");
  EXPECT_THAT(cancelled, ElementsAre("a", "b"));
}

TEST_F(HandleTest, CancelFromWithinACallbackDoesNothing) {
  auto d = named("a");
  const DeferredHandle handle = d.handle();
  bool pending = true;
  auto end = std::move(d).addBoth([&](Outcome<int> outcome) {
    pending = handle.pending();
    handle.cancel();
    return outcome;
  });
  resolvers.at(0).callback(1);
  EXPECT_FALSE(pending);
  EXPECT_THAT(cancelled, ElementsAre());
}

// The chain waits for its destruction while the destructor of another chain's callback runs.
TEST_F(HandleTest, DoesNothingToADeferredThatIsBeingDestroyed) {
  struct OnEnd {
    explicit OnEnd(std::function<void()> f) : call(std::move(f)) {}
    OnEnd(OnEnd&&) noexcept = default;
    ~OnEnd() {
      if (call) call();
    }
    std::function<void()> call;
  };
  auto inner = std::make_shared<Deferred<int>>(newDeferred<int>().deferred);
  const DeferredHandle handle = inner->handle();
  bool pending = true;
  {
    auto outer = newDeferred<int>().deferred.addBoth([end = OnEnd([&, inner] {
                                                        *inner = {};
                                                        pending = handle.pending();
                                                        handle.cancel();
                                                      })](auto&&) {});
  }
  EXPECT_FALSE(pending);
}

TEST_F(HandleTest, MillionTailCallsWithHandlesKeepConstantMemory) {
  constexpr int kTurns = 1'000'000;
  struct Loop {
    Deferred<int> again(int left) {
      if (left == 0) return succeed(7);
      auto made = newDeferred<void>();
      resolver = made.resolver;
      auto d = std::move(made.deferred).addCallback([this, left, held = alive] {
        most = std::max(most, alive.use_count());
        return again(left - 1);
      });
      handle = d.handle();
      return d;
    }
    Resolver<void> resolver;
    DeferredHandle handle;
    std::shared_ptr<int> alive = std::make_shared<int>();
    long most = 0;
  };
  Loop loop;
  auto end = succeed().addCallback([&] { return loop.again(kTurns); }).addBoth(note());
  for (int i = 0; i < kTurns; ++i) {
    Resolver<void> turn = loop.resolver;
    turn.callback();
  }
  EXPECT_EQ(seen, "7");
  EXPECT_LE(loop.most, 3);
}

TEST_F(HandleTest, DeeplyNestedDeferredsWithHandlesDoNotRecurse) {
  constexpr int kDepth = 200'000;
  auto d = named("innermost");
  const DeferredHandle handle = d.handle();
  std::vector<DeferredHandle> handles;
  for (int i = 0; i < kDepth; ++i) {
    d = succeed().addCallback([inner = std::move(d)]() mutable { return std::move(inner); });
    handles.push_back(d.handle());
  }
  auto end = std::move(d).addBoth(note());
  handle.cancel();
  EXPECT_THAT(cancelled, ElementsAre("innermost"));
}

}  // namespace
}  // namespace phial
