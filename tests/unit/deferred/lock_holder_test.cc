// describeWaiting through a DeferredLock or DeferredSemaphore, to whoever holds it.
#include <gmock/gmock.h>
#include <phial/master/deferred_debugging.h>
#include <phial/master/deferred_list.h>
#include <phial/master/deferred_lock.h>
#include <phial/master/deferred_queue.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/deferred/unhandled.h"

namespace phial {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Deferred<void> holdUntil(DeferredSemaphore& lock, Deferred<void> until) {
  const auto held = co_await lock.acquire();
  co_await std::move(until);
}

/// Holds the first lock, and then waits for the second.
Deferred<void> holdOneAskForTheOther(DeferredLock& one, Deferred<void> until, DeferredLock& other) {
  const auto held = co_await one.acquire();
  co_await std::move(until);
  const auto heldToo = co_await other.acquire();
}

class LockHolderTest : public ::testing::Test {
 protected:
  ~LockHolderTest() override {
    for (const auto& message : unhandled_.take()) EXPECT_EQ(message, "cancelled");
  }

 private:
  UnhandledErrors unhandled_;
};

TEST_F(LockHolderTest, TellsTheCoroutineThatHoldsTheLock) {
  DeferredLock lock;
  auto made = newDeferred<void>();
  const auto holder = holdUntil(lock, std::move(made.deferred));
  const Deferred<void> next = lock.acquire();
  EXPECT_EQ(describeWaiting(next),
            "a Deferred with 0 callbacks to run\n"
            "  waits for its turn at a lock, where 0 others wait\n"
            "    held by a Deferred with 0 callbacks to run\n"
            "      waits for a coroutine\n"
            "        which waits for a Deferred with 0 callbacks to run\n"
            "          waits for a Resolver\n");
  made.resolver.callback();
  EXPECT_THAT(describeWaiting(next), HasSubstr("has its result"));
}

TEST_F(LockHolderTest, TellsACoroutineThatHadToWaitForItsPlace) {
  DeferredLock lock;
  auto first = newDeferred<void>();
  const auto one = holdUntil(lock, std::move(first.deferred));
  const auto two = holdUntil(lock, newDeferred<void>([] {}).deferred);
  const Deferred<void> three = lock.acquire();
  EXPECT_THAT(describeWaiting(three), HasSubstr("at a lock, where 1 others wait\n"));
  first.resolver.callback();
  EXPECT_THAT(describeWaiting(three),
              AllOf(HasSubstr("at a lock, where 0 others wait\n"), HasSubstr("for a coroutine\n")));
  two.cancel();
}

TEST_F(LockHolderTest, TellsWhatTheWorkOfRunWaitsFor) {
  DeferredLock lock;
  DeferredQueue<int> queue;
  const auto work = lock.run([&] { return queue.get(); });
  const auto next = lock.run([] {});
  EXPECT_EQ(describeWaiting(next),
            "a Deferred with 1 callback to run\n"
            "  waits for its turn at a lock, where 0 others wait\n"
            "    held by a Deferred with 1 callback to run\n"
            "      waits for its turn at a queue, where 0 others wait\n");
  queue.put(1);
}

TEST_F(LockHolderTest, TellsTheDeferredOfARequestThatIsGivenBackByRelease) {
  DeferredLock lock;
  auto made = newDeferred<void>();
  const auto holder = lock.acquire().addCallback([&] { return std::move(made.deferred); });
  const Deferred<void> next = lock.acquire();
  EXPECT_THAT(describeWaiting(next), AllOf(HasSubstr("held by a Deferred"), HasSubstr("Resolver")));
  lock.release();
  made.resolver.callback();
}

TEST_F(LockHolderTest, AHolderThatHasEndedCannotBeTold) {
  DeferredLock lock;
  lock.acquire();
  const Deferred<void> next = lock.acquire();
  EXPECT_EQ(
      describeWaiting(next),
      "a Deferred with 0 callbacks to run\n"
      "  waits for its turn at a lock, where 0 others wait; of its holders 1 cannot be told\n");
  lock.release();
  EXPECT_TRUE(next.called());
}

TEST_F(LockHolderTest, TellsEachHolderOfASemaphoreThatHasAnOwner) {
  DeferredSemaphore semaphore(3);
  auto made = newDeferred<void>();
  const auto one = holdUntil(semaphore, std::move(made.deferred));
  const auto two = semaphore.run([] { return newDeferred<void>([] {}).deferred; });
  const Deferred<void> three = semaphore.acquire();
  const Deferred<void> next = semaphore.acquire();
  const std::string text = describeWaiting(next);
  EXPECT_THAT(text, HasSubstr("a semaphore of 3 places, where 0 others wait; of its holders 1 "
                              "cannot be told\n"));
  EXPECT_THAT(text, AllOf(HasSubstr("held by a Deferred with 0 callbacks to run\n      waits for a "
                                    "coroutine\n"),
                          HasSubstr("held by a Deferred with 1 callback to run\n")));
  made.resolver.callback();
  EXPECT_THAT(describeWaiting(next), HasSubstr("has its result"));
  two.cancel();
}

TEST_F(LockHolderTest, AGuardThatIsMovedIsHeldByWhoGotIt) {
  DeferredLock lock;
  std::optional<LockGuard> kept;
  auto made = newDeferred<void>();
  const auto holder = lock.acquire().guard().addCallback([&](LockGuard guard) {
    kept = std::move(guard);
    return std::move(made.deferred);
  });
  const Deferred<void> next = lock.acquire();
  EXPECT_THAT(describeWaiting(next), HasSubstr("held by a Deferred with 0 callbacks to run\n"));
  kept.reset();
  EXPECT_THAT(describeWaiting(next), HasSubstr("has its result"));
  made.resolver.callback();
}

TEST_F(LockHolderTest, TwoThatWaitForEachOthersLocksAreToldAsARing) {
  DeferredLock a;
  DeferredLock b;
  auto start = newDeferred<void>();
  const auto one = holdOneAskForTheOther(a, std::move(start.deferred), b);
  const auto two = holdOneAskForTheOther(b, succeed(), a);
  start.resolver.callback();
  EXPECT_EQ(describeWaiting(one),
            "a Deferred with 0 callbacks to run\n"
            "  waits for a coroutine\n"
            "    which waits for a Deferred with 1 callback to run\n"
            "      waits for its turn at a lock, where 0 others wait\n"
            "        held by a Deferred with 0 callbacks to run\n"
            "          waits for a coroutine\n"
            "            which waits for a Deferred with 1 callback to run\n"
            "              waits for its turn at a lock, where 0 others wait\n"
            "                held by a Deferred that is told above: they wait for each other in a "
            "ring\n");
  two.cancel();
  EXPECT_TRUE(one.called());
}

TEST_F(LockHolderTest, OneThatAsksForItsOwnLockIsTold) {
  DeferredLock lock;
  const auto held = holdOneAskForTheOther(lock, succeed(), lock);
  EXPECT_THAT(describeWaiting(held), HasSubstr("held by a Deferred that is told above: they wait"));
  held.cancel();
}

TEST_F(LockHolderTest, TwoThatWaitForOneHolderAreNoRing) {
  DeferredLock lock;
  const auto holder = holdUntil(lock, newDeferred<void>([] {}).deferred);
  std::vector<Deferred<void>> both;
  both.push_back(lock.acquire());
  both.push_back(lock.acquire());
  const auto all = gatherResults(std::move(both)).addErrback([](const Failure&) {});
  EXPECT_THAT(describeWaiting(all),
              AllOf(HasSubstr("held by a Deferred that is told above\n"), Not(HasSubstr("ring"))));
  all.cancel();
  holder.cancel();
}

TEST_F(LockHolderTest, ALongRowOfLocksIsCut) {
  std::vector<DeferredLock> locks(1'000);
  auto made = newDeferred<void>();
  std::vector<Deferred<void>> holders;
  holders.push_back(holdUntil(locks.front(), std::move(made.deferred)));
  for (std::size_t i = 1; i < locks.size(); ++i) {
    holders.push_back(holdOneAskForTheOther(locks[i], succeed(), locks[i - 1]));
  }
  const std::string text = describeWaiting(holders.back());
  EXPECT_THAT(text, HasSubstr("... and more"));
  EXPECT_LE(std::ranges::count(text, '\n'), 210);
  made.resolver.callback();
  EXPECT_TRUE(holders.back().called());
}

TEST_F(LockHolderTest, ReleasingAPlaceThatHasAnOwnerIsRefused) {
  DeferredLock lock;
  auto made = newDeferred<void>();
  const auto holder = holdUntil(lock, std::move(made.deferred));
  EXPECT_THROW(lock.release(), std::logic_error);
  EXPECT_TRUE(lock.locked());
  made.resolver.callback();
  EXPECT_FALSE(lock.locked());
}

}  // namespace
}  // namespace phial
