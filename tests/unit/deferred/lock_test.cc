// DeferredLock and DeferredSemaphore, after Twisted's tests of the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/master/deferred_lock.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/deferred/unhandled.h"

namespace phial {
namespace {

using ::testing::ElementsAre;

class LockTest : public ::testing::Test {
 protected:
  UnhandledErrors unhandled;

  auto note(int n) {
    return [this, n] { order.push_back(n); };
  }
  std::vector<int> order;
};

TEST_F(LockTest, LetsInOneAfterTheOtherInOrder) {
  DeferredLock lock;
  EXPECT_FALSE(lock.locked());
  auto a = lock.acquire().addCallback(note(1));
  auto b = lock.acquire().addCallback(note(2));
  auto c = lock.acquire().addCallback(note(3));
  EXPECT_TRUE(lock.locked());
  EXPECT_EQ(lock.waiting(), 2u);
  EXPECT_THAT(order, ElementsAre(1));
  lock.release();
  EXPECT_THAT(order, ElementsAre(1, 2));
  lock.release();
  EXPECT_THAT(order, ElementsAre(1, 2, 3));
  lock.release();
  EXPECT_FALSE(lock.locked());
  EXPECT_THROW(lock.release(), std::logic_error);
}

TEST_F(LockTest, CancelledWaiterGivesUpItsPlace) {
  DeferredLock lock;
  auto a = lock.acquire().addCallback(note(1));
  std::string seen;
  auto b = lock.acquire().addErrback([&](const Failure& f) { seen = f.type(); });
  auto c = lock.acquire().addCallback(note(3));
  b.cancel();
  EXPECT_EQ(seen, "phial::CancelledError");
  EXPECT_EQ(lock.waiting(), 1u);
  lock.release();
  EXPECT_THAT(order, ElementsAre(1, 3));
}

TEST_F(LockTest, RunHoldsTheLockUntilTheResultIsThere) {
  DeferredLock lock;
  auto slow = newDeferred<int>();
  int seen = 0;
  auto a = lock.run(
                   [&](int n) {
                     return std::move(slow.deferred).addCallback([n](int m) { return n + m; });
                   },
                   10)
               .addCallback([&](int n) { seen = n; });
  auto b = lock.run(note(2));
  EXPECT_TRUE(order.empty());
  slow.resolver.callback(1);
  EXPECT_EQ(seen, 11);
  EXPECT_THAT(order, ElementsAre(2));
  EXPECT_FALSE(lock.locked());
}

TEST_F(LockTest, RunReleasesWhenTheFunctionThrows) {
  DeferredLock lock;
  std::string seen;
  auto a = lock.run([]() -> int { throw std::runtime_error("thrown"); })
               .addErrback([&](const Failure& f) {
                 seen = f.message();
                 return 0;
               });
  EXPECT_EQ(seen, "thrown");
  EXPECT_FALSE(lock.locked());
}

TEST_F(LockTest, RunCancelledWhileWaitingNeverRunsAndReleasesNothing) {
  DeferredLock lock;
  auto holder = lock.acquire();
  auto a = lock.run(note(1)).addErrback([](const Failure&) {});
  a.cancel();
  EXPECT_TRUE(lock.locked());
  lock.release();
  EXPECT_TRUE(order.empty());
  EXPECT_FALSE(lock.locked());
}

TEST_F(LockTest, RunCancelledWhileRunningCancelsTheWorkAndReleases) {
  DeferredLock lock;
  int cancelled = 0;
  auto slow = newDeferred<void>([&] { ++cancelled; });
  auto a = lock.run([&] { return std::move(slow.deferred); }).addErrback([](const Failure&) {});
  a.cancel();
  EXPECT_EQ(cancelled, 1);
  EXPECT_FALSE(lock.locked());
}

TEST_F(LockTest, SemaphoreLetsInAsManyAsItsLimit) {
  DeferredSemaphore semaphore(2);
  std::vector<Deferred<void>> all;
  for (int i = 0; i < 4; ++i) all.push_back(semaphore.acquire().addCallback(note(i)));
  EXPECT_THAT(order, ElementsAre(0, 1));
  EXPECT_EQ(semaphore.limit(), 2u);
  EXPECT_EQ(semaphore.tokens(), 0u);
  semaphore.release();
  EXPECT_THAT(order, ElementsAre(0, 1, 2));
  semaphore.release();
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3));
  EXPECT_THROW(DeferredSemaphore(0), std::invalid_argument);
}

TEST_F(LockTest, LongQueueOfQuickWorkDoesNotRecurse) {
  DeferredLock lock;
  auto holder = lock.acquire();
  int ran = 0;
  std::vector<Deferred<void>> all;
  for (int i = 0; i < 200'000; ++i) all.push_back(lock.run([&] { ++ran; }));
  lock.release();
  EXPECT_EQ(ran, 200'000);
  EXPECT_FALSE(lock.locked());
}

TEST_F(LockTest, CallbackThatIsLetInMayDestroyTheLock) {
  auto lock = std::make_unique<DeferredLock>();
  auto a = lock->acquire();
  std::string seen;
  auto b = lock->acquire().addCallback([&] { lock.reset(); });
  auto c = lock->acquire().addErrback([&](const Failure& failure) { seen = failure.type(); });
  lock->release();
  EXPECT_FALSE(lock);
  EXPECT_EQ(seen, "phial::CancelledError");
}

TEST_F(LockTest, CallbackOfARunThatHadToWaitMayDestroyTheSemaphore) {
  auto semaphore = std::make_unique<DeferredSemaphore>(1);
  auto a = semaphore->acquire();
  auto b = semaphore->run([&] { semaphore.reset(); }).addCallback(note(1));
  semaphore->release();
  EXPECT_THAT(order, ElementsAre(1));
}

TEST_F(LockTest, AcquiringWhileItIsDestroyedFails) {
  std::optional<DeferredLock> lock(std::in_place);
  auto in = lock->acquire();
  std::string seen;
  auto waiting = lock->acquire().addErrback([&](const Failure&) {
    return lock->acquire().addErrback([&](const Failure& failure) { seen = failure.type(); });
  });
  lock.reset();
  EXPECT_EQ(seen, "phial::CancelledError");
}

TEST_F(LockTest, DestroyedItFailsThoseWhoWait) {
  std::optional<DeferredLock> lock(std::in_place);
  auto slow = newDeferred<void>();
  auto running = lock->run([&] { return std::move(slow.deferred).addCallback(note(1)); });
  std::string seen;
  auto waiting = lock->acquire().addErrback([&](const Failure& f) { seen = f.type(); });
  lock.reset();
  EXPECT_EQ(seen, "phial::CancelledError");
  slow.resolver.callback();
  EXPECT_THAT(order, ElementsAre(1));
}

}  // namespace
}  // namespace phial
