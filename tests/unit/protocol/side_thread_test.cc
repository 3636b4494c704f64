// Work beside a loop, here one that a test turns by hand.
#include <gmock/gmock.h>
#include <phial/protocol/side_thread.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "protocol/memory/quiet_thread.h"
#include "tests/support/process_stat.h"
#include "tests/support/turnstile.h"

namespace phial::detail {
namespace {

using ::testing::ElementsAre;

/// What was posted, until the test has it called.
class Loop {
 public:
  void post(std::function<void()> f) {
    const std::scoped_lock lock(mutex_);
    posted_.push_back(std::move(f));
    change_.notify_all();
  }
  /// Waits for one to be posted, and takes it.
  std::function<void()> next() {
    std::unique_lock lock(mutex_);
    change_.wait(lock, [this] { return !posted_.empty(); });
    auto f = std::move(posted_.front());
    posted_.pop_front();
    return f;
  }
  bool idle() {
    const std::scoped_lock lock(mutex_);
    return posted_.empty();
  }

 private:
  std::mutex mutex_;
  std::condition_variable change_;
  std::deque<std::function<void()>> posted_;
};

class SideThreadTest : public ::testing::Test {
 protected:
  Loop loop_;
  std::optional<SideThread> side_{std::in_place, std::bind_front(&Loop::post, &loop_)};
};

TEST_F(SideThreadTest, StepsRunElsewhereAndTheEndIsToldHere) {
  int steps = 0;
  std::thread::id there;
  std::optional<std::thread::id> told;
  const auto task = side_->run(
      [&] {
        there = std::this_thread::get_id();
        return ++steps == 3;
      },
      [&] { told = std::this_thread::get_id(); });
  const auto tell = loop_.next();
  EXPECT_EQ(steps, 3);
  EXPECT_NE(there, std::this_thread::get_id());
  EXPECT_FALSE(told);
  EXPECT_TRUE(task.active());
  tell();
  EXPECT_EQ(told, std::this_thread::get_id());
  EXPECT_FALSE(task.active());
}

TEST_F(SideThreadTest, TasksTakeTurns) {
  std::vector<char> order;
  const auto steps = [&order](char name) {
    return [&order, name, left = 3]() mutable {
      order.push_back(name);
      return --left == 0;
    };
  };
  Turnstile turnstile(*side_);
  const auto a = side_->run(steps('a'), [] {});
  const auto b = side_->run(steps('b'), [] {});
  turnstile.open();
  for (int i = 0; i < 3; ++i) loop_.next()();
  EXPECT_THAT(order, ElementsAre('a', 'b', 'a', 'b', 'a', 'b'));
}

TEST_F(SideThreadTest, DroppingATaskWaitsForTheStepAtHand) {
  std::atomic<bool> entered = false;
  std::atomic<bool> left = false;
  auto task = side_->run(
      [&] {
        entered = true;
        // Until the thread of the test, the first of the process, waits for something.
        while (statOf(::getpid())->state != 'S') std::this_thread::yield();
        left = true;
        return false;
      },
      [] { ADD_FAILURE() << "it was dropped"; });
  while (!entered) std::this_thread::yield();
  task.drop();
  EXPECT_TRUE(left);
  left = false;
  // The thread serves the next one, and that one alone.
  const auto next = side_->run([] { return true; }, [] {});
  loop_.next()();
  EXPECT_FALSE(next.active());
  EXPECT_FALSE(left);
}

TEST_F(SideThreadTest, OfATaskThatWasDroppedNobodyHears) {
  bool told = false;
  auto waiting = side_->run([] { return true; }, [&] { told = true; });
  const auto tell = loop_.next();  // it has ended
  waiting.drop();
  tell();
  EXPECT_FALSE(told);
}

TEST_F(SideThreadTest, TheEndMayBeFollowedByAnything) {
  SideThread::Task task;
  std::string told;
  task = side_->run([] { return true; },
                    [&] {
                      told += "first ";
                      task = side_->run([] { return true; },
                                        [&] {
                                          told += "second ";
                                          task.drop();
                                          side_.reset();
                                        });
                    });
  loop_.next()();
  loop_.next()();
  EXPECT_EQ(told, "first second ");
}

TEST_F(SideThreadTest, ItsEndTakesBackWhatIsLeft) {
  Turnstile turnstile(*side_);
  int steps = 0;
  auto task =
      side_->run([&] { return ++steps == 3; }, [] { ADD_FAILURE() << "it was taken back"; });
  turnstile.turn();
  turnstile.open();
  side_.reset();
  while (!loop_.idle()) loop_.next()();
  task.drop();
  EXPECT_GE(steps, 1);
}

TEST_F(SideThreadTest, SignalsAreForTheProgramsOwnThreads) {
  sigset_t blocked;
  const auto task = side_->run(
      [&] {
        ::pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
        return true;
      },
      [] {});
  loop_.next()();
  EXPECT_EQ(sigismember(&blocked, SIGTERM), 1);
  EXPECT_EQ(sigismember(&blocked, SIGCHLD), 1);
  ::pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
  EXPECT_EQ(sigismember(&blocked, SIGTERM), 0);
}

/// No address space is large enough for the stack of another thread.
class NoRoomForThreads {
 public:
  NoRoomForThreads() {
    ::pthread_getattr_default_np(&before_);
    pthread_attr_t now;
    ::pthread_attr_init(&now);
    ::pthread_attr_setstacksize(&now, std::size_t{1} << 50);
    EXPECT_EQ(::pthread_setattr_default_np(&now), 0);
    ::pthread_attr_destroy(&now);
  }
  ~NoRoomForThreads() {
    ::pthread_setattr_default_np(&before_);
    ::pthread_attr_destroy(&before_);
  }
  NoRoomForThreads(const NoRoomForThreads&) = delete;
  NoRoomForThreads& operator=(const NoRoomForThreads&) = delete;

 private:
  pthread_attr_t before_{};
};

TEST_F(SideThreadTest, WithoutAThreadTheStepsAreDoneHere) {
  const NoRoomForThreads noRoom;
  ASSERT_FALSE(startQuietThread([] {}));
  int steps = 0;
  bool told = false;
  const auto task = side_->run([&] { return ++steps == 3; }, [&] { told = true; });
  EXPECT_EQ(steps, 3);
  EXPECT_FALSE(told) << "in a later turn";
  loop_.next()();
  EXPECT_TRUE(told);
}

}  // namespace
}  // namespace phial::detail
