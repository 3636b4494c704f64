// A Reactor on a host's event_base.
#include <event2/event.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/master/reactor.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/support/base_free.h"

namespace phial {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class AdoptedBaseTest : public ::testing::Test {
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

TEST_F(AdoptedBaseTest, TwoReactorsOfOneThreadShareTheLoop) {
  Reactor first(base_.get());
  Reactor second(base_.get());
  std::string log;
  first.callWhenRunning([&] { log += '1'; });
  second.callWhenRunning([&] { log += '2'; });
  second.callLater(0s, [&] {
    log += second.running() && first.running() ? 'r' : 'i';
    EXPECT_THROW(second.run(), std::logic_error) << "the first one's run() is on the stack";
    first.callSoon([&] { second.stop(); });
  });
  first.run();
  EXPECT_EQ(log, "12r");
  EXPECT_FALSE(first.running());
  EXPECT_FALSE(second.running());
}

TEST_F(AdoptedBaseTest, AnOwnedBaseGoesWithTheLastReactorThatSharesIt) {
  auto first = std::make_unique<Reactor>();
  auto second = std::make_unique<Reactor>(first->base());
  auto third = std::make_unique<Reactor>(second->base());
  first.reset();
  second->callLater(0s, [&] {
    third.reset();
    second->stop();
  });
  second->run();
  second.reset();
  const Reactor another;  // on a base of its own, now that the thread has none
  EXPECT_NE(another.base(), nullptr);
}

TEST_F(AdoptedBaseTest, AReactorThatEndsTakesItsOwnCallsWithIt) {
  Reactor first(base_.get());
  std::string log;
  auto witness = std::make_shared<int>();
  {
    Reactor second(base_.get());
    second.onCallbackError([](std::exception_ptr) {});
    second.callLater(0s, [&, witness] { log += 'x'; });
    second.callSoon([&, witness] { log += 'x'; });
    second.callWhenRunning([&, witness] { log += 'x'; });
    second.callFromThread([&, witness] { log += 'x'; });
    first.callWhenRunning([&] { log += '1'; });
  }
  EXPECT_EQ(witness.use_count(), 1);
  first.callLater(0s, [&] { first.stop(); });
  first.run();
  EXPECT_EQ(log, "1");
}

TEST_F(AdoptedBaseTest, AReactorOnAnotherBaseIsRefusedWithBothNames) {
  const Reactor first(base_.get());
  const std::unique_ptr<event_base, BaseFree> other{event_base_new()};
  const auto name = [](const event_base* base) {
    char text[32];
    std::snprintf(text, sizeof text, "%p", static_cast<const void*>(base));
    return std::string(text);
  };
  try {
    const Reactor second(other.get());
    FAIL() << "it was not refused";
  } catch (const std::logic_error& error) {
    EXPECT_THAT(error.what(), HasSubstr(name(base_.get())));
    EXPECT_THAT(error.what(), HasSubstr(name(other.get())));
  }
  EXPECT_THROW(Reactor(), std::logic_error) << "it would make a base of its own";
  const Reactor third(base_.get());
  EXPECT_EQ(third.base(), base_.get());
}

TEST_F(AdoptedBaseTest, NoBaseIsRefused) { EXPECT_THROW(Reactor(nullptr), std::invalid_argument); }

}  // namespace
}  // namespace phial
