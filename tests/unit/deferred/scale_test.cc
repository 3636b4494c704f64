// Length and depth cost memory, never stack. The loops here overflow an 8 MiB stack many times over
// if anything recurses along a chain.
#include <gtest/gtest.h>
#include <phial/master/deferred_list.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

namespace phial {
namespace {

constexpr int kMany = 1'000'000;

TEST(ScaleTest, MillionLinksRun) {
  auto made = newDeferred<int>();
  Deferred<int> d = std::move(made.deferred);
  for (int i = 0; i < kMany; ++i) d = std::move(d).addCallback([](int n) { return n + 1; });
  int seen = 0;
  auto end = std::move(d).addCallback([&](int n) { seen = n; });
  made.resolver.callback(0);
  EXPECT_EQ(seen, kMany);
}

TEST(ScaleTest, MillionLinksAreDestroyedUnrun) {
  auto counter = std::make_shared<int>(0);
  {
    auto made = newDeferred<int>();
    Deferred<int> d = std::move(made.deferred);
    for (int i = 0; i < kMany; ++i)
      d = std::move(d).addCallback([counter](int n) { return n + *counter; });
    EXPECT_EQ(counter.use_count(), kMany + 1);
  }
  EXPECT_EQ(counter.use_count(), 1);
}

// Every callback returns a Deferred that is pending on the next.
Deferred<int> nest(std::vector<Resolver<int>>& resolvers) {
  Deferred<int> next;
  for (int i = 0; i < kMany; ++i) {
    auto made = newDeferred<int>();
    resolvers.push_back(made.resolver);
    if (!next) {
      next = std::move(made.deferred);
    } else {
      next = std::move(made.deferred).addCallback([inner = std::move(next)](int) mutable {
        return std::move(inner);
      });
    }
  }
  return next;
}

TEST(ScaleTest, MillionNestedInnersRun) {
  std::vector<Resolver<int>> resolvers;
  int seen = 0;
  auto d = nest(resolvers).addCallback([&](int n) { seen = n; });
  for (int i = kMany; i-- > 0;) resolvers[i].callback(i + 7);
  EXPECT_EQ(seen, 7);
}

TEST(ScaleTest, MillionNestedInnersRunWhenTheInnermostFiredFirst) {
  std::vector<Resolver<int>> resolvers;
  int seen = 0;
  auto d = nest(resolvers).addCallback([&](int n) { seen = n; });
  for (int i = 0; i < kMany; ++i) resolvers[i].callback(i + 7);
  EXPECT_EQ(seen, 7);
}

TEST(ScaleTest, MillionDeferredsHeldByCallbacksAreDestroyed) {
  std::vector<Resolver<int>> resolvers;
  auto d = nest(resolvers);
  resolvers.clear();
  d = {};
  EXPECT_FALSE(d);
}

TEST(ScaleTest, CancelReachesTheBottomOfAMillion) {
  std::vector<Resolver<int>> resolvers;
  int cancelled = 0;
  auto d = nest(resolvers).addErrback([&](const Failure&) { return ++cancelled; });
  for (int i = kMany; i-- > 1;) resolvers[i].callback(0);
  d.cancel();
  EXPECT_EQ(cancelled, 1);
  EXPECT_TRUE(resolvers[0].called());
}

// A loop of callbacks: each turn returns the next one's Deferred.
struct Loop {
  Deferred<int> again(int left) {
    if (left == 0) return succeed(done);
    auto made = newDeferred<void>();
    resolver = made.resolver;
    return std::move(made.deferred).addCallback([this, left, held = alive] {
      ++done;
      most = std::max(most, alive.use_count());
      return again(left - 1);
    });
  }
  Resolver<void> resolver;
  int done = 0;
  std::shared_ptr<int> alive = std::make_shared<int>();
  long most = 0;
};

TEST(ScaleTest, TailRecursiveLoopKeepsConstantMemory) {
  Loop loop;
  int seen = 0;
  auto d = loop.again(kMany).addCallback([&](int n) { seen = n; });
  while (loop.done < kMany) {
    Resolver<void> turn = loop.resolver;
    turn.callback();
  }
  EXPECT_EQ(seen, kMany);
  EXPECT_LE(loop.most, 3) << "callbacks of past turns are kept";
}

// --- Coroutines ---

Deferred<int> oneMore(Deferred<int> d) {
  int n = co_await std::move(d);
  co_return n + 1;
}

constexpr int kDeep = 100'000;

Deferred<int> nestDeep(Deferred<int> d) {
  for (int i = 0; i < kDeep; ++i) d = oneMore(std::move(d));
  return d;
}

TEST(ScaleTest, DeepCoroutineNestingCompletesWithoutRecursion) {
  auto made = newDeferred<int>();
  int seen = 0;
  auto d = nestDeep(std::move(made.deferred)).addCallback([&](int n) { seen = n; });
  made.resolver.callback(0);
  EXPECT_EQ(seen, kDeep);
}

TEST(ScaleTest, DeepCoroutineNestingIsCancelledWithoutRecursion) {
  auto made = newDeferred<int>();
  int seen = 0;
  auto d = nestDeep(std::move(made.deferred)).addErrback([&](const Failure&) { return seen = 1; });
  d.cancel();
  EXPECT_EQ(seen, 1);
}

TEST(ScaleTest, DeepCoroutineNestingIsDestroyedWithoutRecursion) {
  auto made = newDeferred<int>();
  auto watched = std::make_shared<int>(0);
  auto d = nestDeep(std::move(made.deferred).addCallback([watched](int n) { return n; }));
  d = {};
  EXPECT_EQ(watched.use_count(), 2);
  made.resolver = {};
  EXPECT_EQ(watched.use_count(), 1);
}

// --- Lists of lists ---

Deferred<int> gatherDeep(Deferred<int> d) {
  for (int i = 0; i < kDeep; ++i) {
    d = gatherResults(std::move(d)).addCallback([](const std::vector<int>& all) {
      return all.at(0);
    });
  }
  return d;
}

TEST(ScaleTest, DeepListsOfListsRun) {
  auto made = newDeferred<int>();
  int seen = 0;
  auto d = gatherDeep(std::move(made.deferred)).addCallback([&](int n) { seen = n; });
  made.resolver.callback(3);
  EXPECT_EQ(seen, 3);
}

TEST(ScaleTest, DeepListsOfListsAreCancelledWithoutRecursion) {
  auto made = newDeferred<int>();
  int cancelled = 0;
  auto d =
      gatherDeep(std::move(made.deferred)).addErrback([&](const Failure&) { return ++cancelled; });
  d.cancel();
  EXPECT_EQ(cancelled, 1);
}

TEST(ScaleTest, DeepListsOfListsAreDestroyedWithoutRecursion) {
  auto made = newDeferred<int>();
  auto watched = std::make_shared<int>(0);
  auto d = gatherDeep(std::move(made.deferred).addCallback([watched](int n) { return n; }));
  made.resolver = {};
  d = {};
  EXPECT_EQ(watched.use_count(), 1);
}

Deferred<int> countTo(int n) {
  int i = 0;
  for (; i < n; ++i) co_await succeed();
  co_return i;
}

TEST(ScaleTest, LongCoroutineLoopOverFiredDeferredsDoesNotRecurse) {
  int seen = 0;
  auto d = countTo(1'000'000).addCallback([&](int n) { seen = n; });
  EXPECT_EQ(seen, 1'000'000);
}

}  // namespace
}  // namespace phial
