// A Reactor held by another loop through one descriptor: here a loop of poll(2).
#include <event2/event.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <phial/master/deferred.h>
#include <phial/master/kj_bridge.h>
#include <phial/master/reactor.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/support/base_free.h"

namespace phial {
namespace {

using namespace std::chrono_literals;

bool readable(Reactor& reactor) {
  pollfd watched{.fd = reactor.fd(), .events = POLLIN, .revents = 0};
  return ::poll(&watched, 1, 0) == 1;
}

/// What a foreign loop does in one turn; waits without end unless nextTimeout() says otherwise.
void turn(Reactor& reactor) {
  const auto timeout = reactor.nextTimeout();
  const int wait =
      timeout ? static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(*timeout).count())
              : -1;
  pollfd watched{.fd = reactor.fd(), .events = POLLIN, .revents = 0};
  ::poll(&watched, 1, wait);
  reactor.dispatch();
}

class HeldLoopTest : public ::testing::Test {
 protected:
  /// Everything that was due at first is done.
  HeldLoopTest() {
    reactor_.fd();
    while (readable(reactor_) || reactor_.nextTimeout() == 0s) reactor_.dispatch();
  }

  Reactor reactor_;
  std::string log_;
};

TEST_F(HeldLoopTest, IsQuietWhenNothingIsDue) {
  EXPECT_TRUE(reactor_.running());
  EXPECT_FALSE(readable(reactor_));
  EXPECT_EQ(reactor_.nextTimeout(), std::nullopt);
  EXPECT_EQ(reactor_.fd(), reactor_.fd());
}

TEST_F(HeldLoopTest, ShowsItsTimersAndDescriptors) {
  int pipe[2];
  ASSERT_EQ(::pipe2(pipe, O_CLOEXEC), 0);
  char byte = 0;
  const Watch watch = reactor_.addReader(pipe[0], [&] {
    EXPECT_EQ(::read(pipe[0], &byte, 1), 1);
    log_ += 'p';
  });
  reactor_.callLater(2ms, [&] { log_ += 't'; });
  EXPECT_EQ(reactor_.nextTimeout(), std::nullopt) << "the descriptor shows them";
  ASSERT_EQ(::write(pipe[1], "x", 1), 1);
  while (log_.size() < 2) turn(reactor_);
  EXPECT_EQ(log_.size(), 2U);
  EXPECT_FALSE(readable(reactor_));
  ::close(pipe[0]);
  ::close(pipe[1]);
}

// The calls that make something due which no descriptor shows, made outside dispatch().
using Calls = std::function<void(Reactor&, std::function<void()>)>;
class HeldLoopCallTest : public HeldLoopTest, public ::testing::WithParamInterface<int> {
 protected:
  static const Calls& call() {
    static const std::array<Calls, 4> all{
        [](Reactor& r, std::function<void()> f) { r.callSoon(std::move(f)); },
        [](Reactor& r, std::function<void()> f) { r.callLater(0s, std::move(f)); },
        [](Reactor& r, std::function<void()> f) { r.callFromThread(std::move(f)); },
        [](Reactor&, std::function<void()> f) {
          kj::evalLater([f = std::move(f)] { f(); }).detach([](kj::Exception&&) {});
        },
    };
    return all[static_cast<std::size_t>(GetParam())];
  }
};

TEST_P(HeldLoopCallTest, MakesTheDescriptorReadableUntilItIsDone) {
  call()(reactor_, [&] { log_ += 'a'; });
  EXPECT_TRUE(readable(reactor_));
  EXPECT_EQ(log_, "");
  reactor_.dispatch();
  EXPECT_EQ(log_, "a");
  EXPECT_FALSE(readable(reactor_));
  EXPECT_EQ(reactor_.nextTimeout(), std::nullopt);
  call()(reactor_, [&] { log_ += 'b'; });  // it rings again
  EXPECT_TRUE(readable(reactor_));
  turn(reactor_);
  EXPECT_EQ(log_, "ab");
}

TEST_P(HeldLoopCallTest, InsideDispatchRingsOnlyIfADescriptorShowsIt) {
  call()(reactor_, [&] { call()(reactor_, [&] { log_ += 'b'; }); });
  reactor_.dispatch(1h);
  const bool shown = GetParam() == 2;  // the eventfd of callFromThread
  EXPECT_EQ(log_, shown ? "" : "b");
  EXPECT_EQ(readable(reactor_), shown);
  while (log_.empty()) turn(reactor_);
}

INSTANTIATE_TEST_SUITE_P(EachCall, HeldLoopCallTest, ::testing::Range(0, 4));

TEST_F(HeldLoopTest, DispatchReturnsThoughThereIsAlwaysMore) {
  int calls = 0;
  std::function<void()> again = [&] {
    ++calls;
    reactor_.callLater(0s, [&] { again(); });
  };
  again();
  reactor_.dispatch(Duration::zero());
  EXPECT_EQ(calls, 2) << "one turn is made";
  reactor_.dispatch(1ms);
  EXPECT_GT(calls, 2);
  EXPECT_EQ(reactor_.nextTimeout(), 0s) << "the rest is reported";
}

TEST_F(HeldLoopTest, DispatchInsideACallbackIsRefused) {
  int refused = 0;
  const auto tryTo = [&](const std::function<void()>& f) {
    try {
      f();
    } catch (const std::logic_error&) {
      ++refused;
    }
  };
  reactor_.callLater(0s, [&] {
    tryTo([&] { reactor_.dispatch(); });
    tryTo([&] { reactor_.run(); });
  });
  reactor_.dispatch();
  EXPECT_EQ(refused, 2);
  reactor_.callLater(0s, [&] {
    tryTo([&] { reactor_.dispatch(); });
    reactor_.stop();
  });
  reactor_.run();
  EXPECT_EQ(refused, 3);
  reactor_.dispatch();  // and it may be held again
  EXPECT_TRUE(reactor_.running());
}

TEST_F(HeldLoopTest, AnotherThreadIsRefused) {
  std::thread([&] {
    EXPECT_THROW(reactor_.fd(), std::logic_error);
    EXPECT_THROW(reactor_.dispatch(), std::logic_error);
    EXPECT_THROW(reactor_.nextTimeout(), std::logic_error);
  }).join();
}

TEST_F(HeldLoopTest, StopIsSeenByTheHolderAndEndsTheDispatch) {
  reactor_.callLater(0s, [&] {
    log_ += 'a';
    reactor_.stop();
  });
  reactor_.callLater(0s, [&] { log_ += 'b'; });
  reactor_.dispatch(1h);
  EXPECT_FALSE(reactor_.running());
  reactor_.dispatch();
  EXPECT_TRUE(reactor_.running()) << "who goes on holds it for another run";
}

TEST_F(HeldLoopTest, StopFromOutsideCallsTheTriggers) {
  reactor_.addSystemEventTrigger(SystemEventPhase::before, [&] { log_ += 'b'; });
  reactor_.stop();
  EXPECT_TRUE(readable(reactor_));
  while (reactor_.running()) turn(reactor_);
  EXPECT_EQ(log_, "b");
}

TEST_F(HeldLoopTest, TheHostsOwnTimersAndActiveEventsAreReported) {
  const auto log = [](evutil_socket_t, short, void* text) {
    *static_cast<std::string*>(text) += 'h';
  };
  const std::unique_ptr<event, void (*)(event*)> timer(
      event_new(reactor_.base(), -1, 0, log, &log_), event_free);
  const timeval later{0, 20'000};
  event_add(timer.get(), &later);
  ASSERT_TRUE(reactor_.nextTimeout().has_value());
  EXPECT_LE(*reactor_.nextTimeout(), 24ms);
  while (log_.empty()) turn(reactor_);
  EXPECT_EQ(reactor_.nextTimeout(), std::nullopt);
  event_active(timer.get(), EV_TIMEOUT, 0);
  EXPECT_EQ(reactor_.nextTimeout(), 0s);
  reactor_.dispatch();
  EXPECT_EQ(log_, "hh");
}

TEST(HeldLoopLifeTest, WhatWasAskedForBeforeTheDescriptorIsShown) {
  Reactor reactor;
  bool called = false;
  reactor.callWhenRunning([&] { called = true; });
  EXPECT_FALSE(reactor.running());
  EXPECT_TRUE(readable(reactor));
  reactor.dispatch();
  EXPECT_TRUE(called);
}

TEST(HeldLoopLifeTest, AJoinedBaseIsHeldAmongOthers) {
  const std::unique_ptr<event_base, BaseFree> decoy(event_base_new());
  const std::unique_ptr<event_base, BaseFree> base(event_base_new());
  const std::unique_ptr<event_base, BaseFree> another(event_base_new());
  Reactor reactor(base.get());
  Reactor second(base.get());
  EXPECT_EQ(reactor.fd(), second.fd());
  std::string log;
  second.callSoon([&] { log += 's'; });
  while (log.empty()) turn(reactor);
  second.callLater(1ms, [&] { log += 't'; });
  while (log.size() < 2) turn(reactor);
  EXPECT_EQ(log, "st");
}

TEST(HeldLoopLifeTest, ABaseWithoutAPlainEpollIsRefusedByName) {
  event_config* config = event_config_new();
  event_config_avoid_method(config, "epoll");
  const std::unique_ptr<event_base, BaseFree> base(event_base_new_with_config(config));
  event_config_free(config);
  Reactor reactor(base.get());
  try {
    reactor.fd();
    FAIL() << "it was not refused";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(event_base_get_method(base.get())), std::string::npos);
  }
  reactor.callLater(0s, [&] { reactor.stop(); });
  reactor.dispatch();  // works without the descriptor
}

TEST(HeldLoopLifeTest, ItsEndClosesWhatItHasOpened) {
  const auto lowestFree = [] {
    const int fd = ::dup(0);
    ::close(fd);
    return fd;
  };
  const int before = lowestFree();
  {
    Reactor reactor;
    EXPECT_TRUE(readable(reactor));
    reactor.dispatch();
  }
  EXPECT_EQ(lowestFree(), before);
}

}  // namespace
}  // namespace phial
