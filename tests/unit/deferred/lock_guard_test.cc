// LockGuard: a place in a lock or semaphore that its owner gives back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/master/deferred_list.h>
#include <phial/master/deferred_lock.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/deferred/unhandled.h"

namespace phial {
namespace {

using ::testing::ElementsAre;

class LockGuardTest : public ::testing::Test {
 protected:
  Deferred<void> work(DeferredSemaphore& lock, int name, Deferred<void> until) {
    const auto held = co_await lock.acquire();
    order.push_back(name);
    co_await std::move(until);
    order.push_back(-name);
  }

  UnhandledErrors unhandled;
  std::vector<int> order;
};

TEST_F(LockGuardTest, CoroutinesHoldTheLockOneAfterTheOther) {
  DeferredLock lock;
  auto first = newDeferred<void>();
  auto second = newDeferred<void>();
  work(lock, 1, std::move(first.deferred));
  work(lock, 2, std::move(second.deferred));
  EXPECT_THAT(order, ElementsAre(1));
  first.resolver.callback();
  EXPECT_THAT(order, ElementsAre(1, -1, 2));
  second.resolver.callback();
  EXPECT_FALSE(lock.locked());
}

TEST_F(LockGuardTest, ReleasesWhenTheWorkThrowsOrIsCancelled) {
  DeferredLock lock;
  work(lock, 1, fail<void>(std::runtime_error("work"))).addErrback([](const Failure&) {});
  EXPECT_FALSE(lock.locked());
  auto d = work(lock, 2, newDeferred<void>([] {}).deferred).addErrback([](const Failure&) {});
  EXPECT_TRUE(lock.locked());
  d.cancel();
  EXPECT_FALSE(lock.locked());
}

TEST_F(LockGuardTest, CancelledWhileWaitingReleasesNothing) {
  DeferredLock lock;
  auto holder = lock.acquire();
  auto d = work(lock, 1, succeed()).addErrback([](const Failure&) {});
  EXPECT_EQ(lock.waiting(), 1u);
  d.cancel();
  EXPECT_EQ(lock.waiting(), 0u);
  EXPECT_TRUE(lock.locked());
}

TEST_F(LockGuardTest, IsMovedAndReleasesOnce) {
  DeferredSemaphore semaphore(2);
  std::optional<LockGuard> kept;
  semaphore.acquire().guard().addCallback([&](LockGuard guard) { kept = std::move(guard); });
  semaphore.acquire().guard().addCallback([&](LockGuard guard) {
    LockGuard other = std::move(guard);
    EXPECT_FALSE(guard);
    other.release();
    EXPECT_FALSE(other);
    other.release();
  });
  EXPECT_EQ(semaphore.tokens(), 1u);
  LockGuard none;
  *kept = std::move(none);
  EXPECT_EQ(semaphore.tokens(), 2u);
}

TEST_F(LockGuardTest, PlaceIsGivenBackWhenNobodyTakesIt) {
  DeferredLock lock;
  {
    auto unused = lock.acquire().guard();
    EXPECT_TRUE(lock.locked());
  }
  EXPECT_FALSE(lock.locked());
  auto holder = lock.acquire();
  {
    auto dropped = lock.acquire().guard();
  }
  lock.release();
  EXPECT_FALSE(lock.locked()) << "admitted when its request was gone";
}

TEST_F(LockGuardTest, MayOutliveTheLock) {
  std::optional<DeferredLock> lock(std::in_place);
  std::optional<LockGuard> kept;
  lock->acquire().guard().addCallback([&](LockGuard guard) { kept = std::move(guard); });
  lock.reset();
  kept.reset();
}

TEST_F(LockGuardTest, NextOneMayDestroyTheGuardThatAdmitsIt) {
  DeferredLock lock;
  auto kept = std::make_unique<LockGuard>();
  lock.acquire().guard().addCallback([&](LockGuard guard) { *kept = std::move(guard); });
  lock.acquire().addCallback([&] { kept.reset(); });
  kept->release();
  EXPECT_FALSE(kept);
  lock.release();
}

TEST_F(LockGuardTest, ExplicitReleaseStaysAsItWas) {
  DeferredLock lock;
  std::vector<Deferred<void>> all;
  all.push_back(lock.acquire());
  Deferred<void> second = lock.acquire();
  auto next = gatherResults(lock.acquire(), succeed()).addCallback([&] { order.push_back(3); });
  auto end = std::move(second).addCallback([&] { order.push_back(2); });
  lock.release();
  lock.release();
  EXPECT_THAT(order, ElementsAre(2, 3));
  lock.release();
  EXPECT_FALSE(lock.locked());
}

TEST_F(LockGuardTest, RequestThatACallbackReturnsIsWaitedFor) {
  DeferredLock lock;
  auto holder = lock.acquire();
  auto end = succeed().addCallback([&] { return lock.acquire(); }).addCallback([&] {
    order.push_back(1);
  });
  EXPECT_THAT(order, ElementsAre());
  lock.release();
  EXPECT_THAT(order, ElementsAre(1));
}

}  // namespace
}  // namespace phial
