// The master's loop may stand still: a slow callback, a stopped process, a machine in trouble. What
// a worker did in time meanwhile was in time.
#include <fcntl.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <map>
#include <thread>

#include "pool_fixture.h"

namespace phial {
namespace {

using std::chrono::seconds;

class PoolStalledLoopTest : public PoolTest {
 protected:
  void oneTurn() {
    reactor_->callLater(Duration::zero(), [this] { reactor_->stop(); });
    reactor_->run();
  }

  /// Whether a pipe that others write to holds something to read. The pool has both ends of the
  /// request pipes, so that those are found twice.
  static bool anythingToRead() {
    std::map<ino_t, int> ends;
    std::map<ino_t, int> bytes;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      const int fd = std::stoi(entry.path().filename());
      struct stat status{};
      if (::fstat(fd, &status) != 0 || !S_ISFIFO(status.st_mode)) continue;
      // A pipe towards a worker is open for both.
      if ((::fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY) continue;
      ++ends[status.st_ino];
      ::ioctl(fd, FIONREAD, &bytes[status.st_ino]);
    }
    return std::any_of(bytes.begin(), bytes.end(),
                       [&](const auto& pipe) { return pipe.second > 0 && ends[pipe.first] == 1; });
  }
};

TEST_F(PoolStalledLoopTest, AGreetingThatLiesUnreadWasInTime) {
  auto& pool = makePool({.min = 1, .startTimeout = seconds(5)}, &clock_);
  auto started = pool.start();
  // Some turns, far less than a start takes, in which the handshake is sent.
  for (int turn = 0; turn < 3; ++turn) oneTurn();
  // Then the loop stands still until the greeting lies in its pipe.
  while (pool.stats().starting == 1 && !anythingToRead()) std::this_thread::yield();
  clock_.advance(seconds(6));
  EXPECT_TRUE(await(std::move(started)).ok());
  EXPECT_EQ(pool.stats().deaths, 0U);
}

TEST_F(PoolStalledLoopTest, AnAnswerThatLiesUnreadWasInTime) {
  auto& pool = makePool({.max = 1, .timeout = seconds(10), .grace = seconds(3)}, &clock_);
  const auto go = makeFifo("go");
  const auto answered = makeFifo("answered");
  auto job = pool.deferToProcess<jobs::answerAndTell>(go, answered);
  letGo(go);
  // From here the loop stands still.
  ::close(::open(answered.c_str(), O_RDONLY | O_CLOEXEC));
  clock_.advance(seconds(12));
  EXPECT_EQ(valueOf(std::move(job)), 7);
  EXPECT_EQ(pool.stats().deaths, 0U);
}

// While callbacks are quick, up to four are told between two looks at the clock, wherever in such a
// row the slow ones begin. One more may be of the next turn: oneTurn() runs a part of it.
TEST_F(PoolStalledLoopTest, SlowCallbacksAfterQuickOnesLeaveTheLoopItsTurns) {
  constexpr int kSlow = 24;
  for (int quick = 100; quick < 120; ++quick) {
    auto& pool = makePool({.min = 0, .max = 1});
    int turn = 0;
    std::map<int, int> slowInTurn;
    for (int i = 0; i < quick; ++i) pool.deferToProcess<jobs::add>(i, i).addBoth([](auto&&) {});
    for (int i = 0; i < kSlow; ++i) {
      pool.deferToProcess<jobs::add>(i, i).addBoth([&](auto&&) {
        ++slowInTurn[turn];
        const auto until = reactor_->now() + std::chrono::milliseconds(1);
        while (reactor_->now() < until) {
        }
      });
    }
    auto stopped = pool.stop({.within = Duration::zero()});
    for (; !stopped.called(); ++turn) oneTurn();
    int slow = 0;
    for (const auto& [number, callbacks] : slowInTurn) {
      slow += callbacks;
      EXPECT_LE(callbacks, 5) << "in turn " << number << ", after " << quick;
    }
    EXPECT_EQ(slow, kSlow);
  }
}

}  // namespace
}  // namespace phial
