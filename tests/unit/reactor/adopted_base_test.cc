// A Reactor on a host's event_base.
#include <event2/event.h>
#include <gtest/gtest.h>
#include <phial/master/reactor.h>

#include <csignal>
#include <memory>
#include <stdexcept>
#include <thread>

namespace phial {
namespace {

using namespace std::chrono_literals;

struct BaseFree {
  void operator()(event_base* base) const { event_base_free(base); }
};

class AdoptedBaseTest : public testing::Test {
 protected:
  std::unique_ptr<event_base, BaseFree> base_{event_base_new()};
};

TEST_F(AdoptedBaseTest, TheHostDispatchesAndTheReactorRuns) {
  Reactor reactor(base_.get());
  EXPECT_EQ(reactor.base(), base_.get());
  bool running = false;
  reactor.callLater(1ms, [&] {
    running = reactor.running();
    event_base_loopbreak(base_.get());
  });
  EXPECT_FALSE(reactor.running());
  event_base_dispatch(base_.get());
  EXPECT_TRUE(running);
}

TEST_F(AdoptedBaseTest, StopEndsTheHostsDispatch) {
  Reactor reactor(base_.get());
  for (int i = 0; i < 2; ++i) {
    reactor.callWhenRunning([&] { reactor.stop(); });
    event_base_dispatch(base_.get());
    EXPECT_FALSE(reactor.running());
  }
}

TEST_F(AdoptedBaseTest, RunMayBeUsedAndTheHostMayEndIt) {
  Reactor reactor(base_.get());
  reactor.callLater(1ms, [&] { event_base_loopbreak(base_.get()); });
  reactor.run();
  EXPECT_FALSE(reactor.running());
  bool again = false;
  reactor.callWhenRunning([&] {
    again = true;
    reactor.stop();
  });
  reactor.run();
  EXPECT_TRUE(again);
}

TEST_F(AdoptedBaseTest, CallFromThreadNeedsNoLockingInTheBase) {
  Reactor reactor(base_.get());
  std::jthread thread([&] { reactor.callFromThread([&] { reactor.stop(); }); });
  event_base_dispatch(base_.get());
}

TEST_F(AdoptedBaseTest, TheBaseSurvivesTheReactorAndCanBeJoinedAgain) {
  for (int i = 0; i < 2; ++i) {
    Reactor reactor(base_.get());
    reactor.callLater(0s, [&] { reactor.stop(); });
    reactor.run();
  }
  // Nothing of the reactor's is left in it: the loop is empty and returns at once.
  EXPECT_EQ(event_base_dispatch(base_.get()), 1);
}

TEST_F(AdoptedBaseTest, TakesNoSignalFromTheHost) {
  struct sigaction before[NSIG];
  for (int s = 1; s < NSIG; ++s) sigaction(s, nullptr, &before[s]);
  sigset_t maskBefore;
  pthread_sigmask(SIG_SETMASK, nullptr, &maskBefore);
  Reactor reactor(base_.get());
  reactor.callLater(0s, [&] { reactor.stop(); });
  reactor.run();
  sigset_t maskAfter;
  pthread_sigmask(SIG_SETMASK, nullptr, &maskAfter);
  for (int s = 1; s < NSIG; ++s) {
    struct sigaction after;
    if (sigaction(s, nullptr, &after) != 0) continue;
    EXPECT_EQ(after.sa_handler, before[s].sa_handler) << s;
    EXPECT_EQ(sigismember(&maskAfter, s), sigismember(&maskBefore, s)) << s;
  }
}

TEST_F(AdoptedBaseTest, NoBaseIsRefused) { EXPECT_THROW(Reactor(nullptr), std::invalid_argument); }

}  // namespace
}  // namespace phial
