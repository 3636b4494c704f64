// A pool of real workers whose Reactor is held by a loop of poll(2), through one descriptor.
#include <poll.h>

#include "pool_fixture.h"

namespace phial {
namespace {

class ForeignLoopTest : public PoolTest {
 protected:
  /// Turns of the foreign loop until `deferred` has fired. It waits without end unless the Reactor
  /// names a time: what the descriptor does not show hangs here.
  template <class T>
  Outcome<T> hold(Deferred<T> deferred) {
    std::optional<Outcome<T>> result;
    std::move(deferred).addBoth([&](Outcome<T> outcome) { result.emplace(std::move(outcome)); });
    while (!result) {
      const auto timeout = reactor_->nextTimeout();
      using Milliseconds = std::chrono::milliseconds;
      const auto wait = timeout ? std::chrono::ceil<Milliseconds>(*timeout) : Milliseconds(-1);
      pollfd watched{.fd = reactor_->fd(), .events = POLLIN, .revents = 0};
      ::poll(&watched, 1, static_cast<int>(wait.count()));
      reactor_->dispatch();
    }
    return std::move(*result);
  }
};

TEST_F(ForeignLoopTest, RunsJobsThatAreSubmittedOutsideOfDispatch) {
  auto& pool = makePool({.min = 1, .max = 2});
  for (int i = 0; i < 100; ++i) {
    const auto sum = hold(pool.deferToProcess<jobs::add>(i, 1));
    ASSERT_TRUE(sum.ok());
    EXPECT_EQ(sum.value(), i + 1);
  }
  std::vector<std::byte> large(8 << 20, std::byte{1});
  EXPECT_EQ(hold(pool.deferToProcess<jobs::sum>(std::move(large))).value(), 8U << 20);
  EXPECT_TRUE(hold(pool.stop()).ok());
}

TEST_F(ForeignLoopTest, HearsOfDeathsAndTimeouts) {
  auto& pool = makePool({.max = 1});
  const auto dead = hold(pool.deferToProcess<jobs::dieOf>(SIGKILL));
  EXPECT_TRUE(dead.failure().check<WorkerDied>());
  const auto late =
      hold(pool.with({.timeout = std::chrono::milliseconds(20)}).deferToProcess<jobs::compute>());
  EXPECT_TRUE(late.failure().check<JobTimedOut>());
  EXPECT_TRUE(hold(pool.deferToProcess<jobs::add>(1, 2)).ok());
}

TEST_F(ForeignLoopTest, CancellingOutsideOfDispatchIsNoticed) {
  auto& pool = makePool({.max = 1, .grace = std::chrono::milliseconds(1)});
  const auto fifo = makeFifo("there");
  auto job = pool.deferToProcess<jobs::announceAndHang>(fifo);
  awaitAnnouncement(fifo);
  job.cancel();
  EXPECT_TRUE(hold(std::move(job)).failure().check<CancelledError>());
  EXPECT_TRUE(hold(pool.deferToProcess<jobs::add>(1, 2)).ok());
}

}  // namespace
}  // namespace phial
