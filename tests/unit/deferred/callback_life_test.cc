// How long callbacks live: a coroutine lambda with captures is safe wherever one is called.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/master/clock.h>
#include <phial/master/deferred_list.h>
#include <phial/master/deferred_lock.h>
#include <phial/master/tasks.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace phial {
namespace {

using std::chrono::seconds;

class CallbackLifeTest : public ::testing::Test {
 protected:
  // A coroutine lambda that reads its captures after it was suspended.
  auto reader() {
    return [this, kept = text, held = watched]() -> Deferred<int> {
      Deferred<void> later = laterOn();
      co_await std::move(later);
      read = kept;
      co_return 1;
    };
  }
  Deferred<void> laterOn() {
    return deferLater(clock, seconds(1), [] {});
  }
  // What ran is over, has read `text`, and nothing of it is left.
  void expectRead() {
    EXPECT_EQ(watched.use_count(), 2) << "lives while the coroutine waits";
    clock.advance(seconds(5));
    EXPECT_EQ(read, text);
    EXPECT_EQ(watched.use_count(), 1) << "gone with the coroutine";
  }

  ManualClock clock;
  const std::string text = "a text that is too long for the buffer inside of a string";
  std::string read;
  std::shared_ptr<int> watched = std::make_shared<int>();
};

TEST_F(CallbackLifeTest, AddCallback) {
  auto d = succeed().addCallback(reader());
  expectRead();
}

TEST_F(CallbackLifeTest, AddCallbackOfAPendingDeferredThatIsDropped) {
  auto made = newDeferred<void>();
  std::move(made.deferred).addCallback(reader());
  made.resolver.callback();
  expectRead();
}

TEST_F(CallbackLifeTest, AddErrbackAddCallbacksAndAddBoth) {
  auto failing = [](const Failure&) { return 2; };
  auto errback = [f = reader()](const Failure&) { return f(); };
  auto a = fail<int>(CancelledError()).addErrback(std::move(errback));
  expectRead();
  auto b = succeed().addCallbacks(reader(), failing);
  expectRead();
  auto c = succeed().addBoth([f = reader()](const Outcome<void>&) { return f(); });
  expectRead();
}

TEST_F(CallbackLifeTest, CoroutineThatIsFollowedByMoreCallbacks) {
  auto d = succeed().addCallback(
      [f = reader()] { return f().addCallback([](int n) { return n + 1; }); });
  expectRead();
}

TEST_F(CallbackLifeTest, SeveralCoroutinesThatAreGathered) {
  auto d = succeed().addCallback([f = reader()] { return gatherResults(f(), f()); });
  expectRead();
}

TEST_F(CallbackLifeTest, DeferLater) {
  auto d = deferLater(clock, seconds(1), reader());
  clock.advance(seconds(1));
  expectRead();
}

TEST_F(CallbackLifeTest, MaybeDeferredWithATemporary) {
  auto d = maybeDeferred(reader());
  expectRead();
}

TEST_F(CallbackLifeTest, MaybeDeferredKeepsTemporaryArguments) {
  auto d = maybeDeferred(
      [this](const std::string& argument, const std::shared_ptr<int>&) -> Deferred<void> {
        Deferred<void> later = laterOn();
        co_await std::move(later);
        read = argument;
      },
      std::string(text), std::shared_ptr<int>(watched));
  expectRead();
}

TEST_F(CallbackLifeTest, LockAndSemaphoreRun) {
  DeferredLock lock;
  auto a = lock.run(reader());
  expectRead();
  DeferredSemaphore semaphore(2);
  auto b = semaphore.run(reader());
  expectRead();
  EXPECT_FALSE(lock.locked());
}

TEST_F(CallbackLifeTest, LockRunThatHadToWait) {
  DeferredLock lock;
  auto in = lock.acquire();
  auto d = lock.run(reader());
  lock.release();
  expectRead();
}

TEST_F(CallbackLifeTest, IsDestroyedWithTheChainAfterTheCoroutine) {
  struct Local {
    const std::string& text;
    std::string& read;
    ~Local() { read = text; }
  };
  auto made = newDeferred<void>();
  auto d = succeed().addCallback([this, kept = text, held = watched,
                                  waited = std::move(made.deferred)]() mutable -> Deferred<void> {
    Local local{kept, read};
    co_await std::move(waited);
  });
  made.resolver = {};
  EXPECT_EQ(watched.use_count(), 2);
  d = {};
  EXPECT_EQ(read, text);
  EXPECT_EQ(watched.use_count(), 1);
}

TEST_F(CallbackLifeTest, OneThatReturnsNoDeferredGoesAfterItsCall) {
  auto next = newDeferred<void>();
  auto d = succeed().addCallback([held = watched] { return 1; }).addCallback([&](int) {
    return std::move(next.deferred);
  });
  EXPECT_EQ(watched.use_count(), 1);
}

}  // namespace
}  // namespace phial
