// What a newcomer does wrong with a Reactor: each is one error at once, and nothing hangs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/master/deferred_list.h>
#include <phial/master/eventual_result.h>
#include <phial/master/reactor.h>
#include <phial/master/tasks.h>
#include <phial/master/threads.h>
#include <pthread.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/base_free.h"

namespace phial {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::string misuseRefusal(const std::function<void()>& call) {
  try {
    call();
    return "it was not refused";
  } catch (const std::logic_error& error) {
    return error.what();
  }
}

std::string misuseOnAThread(const std::function<void()>& call) {
  std::string refusal;
  std::thread([&] {
    ::pthread_setname_np(::pthread_self(), "stranger");
    refusal = misuseRefusal(call);
  }).join();
  return refusal;
}

auto namesBothThreads() {
  return AllOf(HasSubstr("(stranger)"), HasSubstr("thread " + std::to_string(::gettid()) + " ("),
               HasSubstr("callFromThread"));
}

TEST(ReactorMisuseTest, RunAndStopOnAnotherThreadNameBoth) {
  Reactor reactor;
  EXPECT_THAT(misuseOnAThread([&] { reactor.run(); }), namesBothThreads());
  EXPECT_THAT(misuseOnAThread([&] { reactor.stop(); }), namesBothThreads());
  EXPECT_THAT(misuseOnAThread([&] { reactor.dispatch(); }), namesBothThreads());
  EXPECT_THAT(misuseOnAThread([&] { deferToThread(reactor, [] {}); }), namesBothThreads());
}

#ifndef NDEBUG
TEST(ReactorMisuseTest, InDebugBuildsSoDoesEveryMemberThatChangesIt) {
  Reactor reactor;
  const std::vector<std::pair<const char*, std::function<void()>>> calls{
      {"callLater", [&] { reactor.callLater(1s, [] {}); }},
      {"callSoon", [&] { reactor.callSoon([] {}); }},
      {"callWhenRunning", [&] { reactor.callWhenRunning([] {}); }},
      {"addReader", [&] { const Watch watch = reactor.addReader(0, [] {}); }},
      {"addWriter", [&] { const Watch watch = reactor.addWriter(1, [] {}); }},
      {"onCallbackError", [&] { reactor.onCallbackError({}); }},
      {"addSystemEventTrigger",
       [&] { reactor.addSystemEventTrigger(SystemEventPhase::before, [] {}); }},
      {"cooperator", [&] { reactor.cooperator(); }},
      {"threadPool", [&] { reactor.threadPool(); }}};
  for (const auto& [name, call] : calls) {
    EXPECT_THAT(misuseOnAThread(call), AllOf(HasSubstr(name), namesBothThreads()));
  }
}
#endif

TEST(ReactorMisuseTest, ASecondReactorWithALoopOfItsOwnIsRefusedAndTheFirstGoesOn) {
  Reactor first;
  char name[32];
  std::snprintf(name, sizeof name, "%p", static_cast<const void*>(first.base()));
  EXPECT_THAT(misuseRefusal([] { const Reactor second; }),
              AllOf(HasSubstr(name), HasSubstr("Reactor(first.base())")));
  first.callLater(0s, [&] { first.stop(); });
  first.run();
}

TEST(ReactorMisuseTest, RunInsideACallbackIsRefused) {
  Reactor reactor;
  std::string refusal;
  reactor.callLater(0s, [&] {
    refusal = misuseRefusal([&] { reactor.run(); });
    reactor.stop();
  });
  reactor.run();
  EXPECT_THAT(refusal, HasSubstr("Reactor::run"));
}

TEST(ReactorMisuseTest, EachWayToWaitIsRefusedOnTheLoopsThread) {
  Reactor reactor;
  auto result = runInReactor(reactor, [] { return 1; });
  EXPECT_THAT(misuseRefusal([&] { static_cast<void>(result.wait()); }),
              HasSubstr("EventualResult::wait"));
  EXPECT_THAT(misuseRefusal([&] { blockingCallFromThread(reactor, [] {}); }),
              HasSubstr("blockingCallFromThread"));
  EXPECT_THAT(misuseRefusal([&] { waitFor(reactor, 1s, [] {}); }), HasSubstr("waitFor"));
}

TEST(ReactorMisuseTest, ACallAfterTheStopWaitsForTheNextRun) {
  Reactor reactor;
  reactor.callLater(0s, [&] { reactor.stop(); });
  reactor.run();
  std::string log;
  reactor.callLater(0s, [&] { log += "later "; });
  reactor.callFromThread([&] { log += "thread "; });
  deferToThread(reactor, [] { return 7; }).addCallback([&](int n) { log += std::to_string(n); });
  EXPECT_EQ(log, "");
  // In whatever order they come.
  while (log.size() < std::string("later thread 7").size()) {
    reactor.callLater(1ms, [&] { reactor.stop(); });
    reactor.run();
  }
  EXPECT_THAT(log, AllOf(HasSubstr("later "), HasSubstr("thread "), HasSubstr("7")));
}

TEST(ReactorMisuseTest, AnEmptyListHasItsResultAtOnce) {
  std::string log;
  gatherResults(std::vector<Deferred<int>>()).addCallback([&](const std::vector<int>& all) {
    log += "gathered " + std::to_string(all.size());
  });
  race(std::vector<Deferred<int>>()).addErrback([&](const Failure&) {
    log += ", nobody won";
    return std::pair<std::size_t, int>();
  });
  EXPECT_EQ(log, "gathered 0, nobody won");
}

}  // namespace
}  // namespace phial
