// setDeferredDebugging and describeWaiting: what a Deferred tells of itself.
#include <gmock/gmock.h>
#include <phial/master/deferred_debugging.h>
#include <phial/master/deferred_list.h>
#include <phial/master/deferred_lock.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace phial {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Deferred<int> awaitIt(Deferred<int> d) { co_return co_await std::move(d); }

class DebuggingTest : public ::testing::Test {
 protected:
  DebuggingTest() {
    hook_ = setUnhandledErrorHook([this](const Failure& failure) { report_ = failure.describe(); });
  }
  ~DebuggingTest() override {
    setDeferredDebugging(false);
    setUnhandledErrorHook(hook_);
  }

  std::string report_;
  UnhandledErrorHook hook_;
};

TEST_F(DebuggingTest, ASecondFireTellsWhereTheDeferredWasMadeAndFirstFired) {
  setDeferredDebugging(true);
  auto [deferred, resolver] = newDeferred<int>();
  resolver.callback(1);
  try {
    resolver.callback(2);
    FAIL();
  } catch (const AlreadyCalledError& error) {
    EXPECT_STREQ(error.what(), "the Deferred has already been called") << "fit for a client";
    EXPECT_THAT(error.describe(), AllOf(HasSubstr("the Deferred was made at\n"),
                                        HasSubstr("the Deferred was first fired at\n")));
    EXPECT_THAT(Failure::current().describe(), HasSubstr("the Deferred was made at\n"));
  }
}

TEST_F(DebuggingTest, AnUnhandledErrorTellsWhereItsDeferredWasMadeFiredAndAddedTo) {
  setDeferredDebugging(true);
  {
    auto [deferred, resolver] = newDeferred<int>();
    auto last = std::move(deferred).addCallback([](int n) { return n; });
    resolver.errback(std::runtime_error("lost"));
  }
  EXPECT_THAT(report_, AllOf(HasSubstr("std::runtime_error: lost"), HasSubstr("was made at\n"),
                             HasSubstr("was first fired at\n"), HasSubstr("last added to at\n")));
}

TEST_F(DebuggingTest, SwitchedOffNothingIsTold) {
  {
    auto [deferred, resolver] = newDeferred<int>();
    resolver.errback(std::runtime_error("lost"));
    EXPECT_THROW(resolver.callback(1), AlreadyCalledError);
  }
  EXPECT_THAT(report_, Not(HasSubstr("was made at")));
}

TEST_F(DebuggingTest, ADeferredMadeBeforeItWasSwitchedOnIsLikeAnyOther) {
  auto [deferred, resolver] = newDeferred<int>();
  setDeferredDebugging(true);
  auto chained = std::move(deferred).addCallback([](int n) { return n + 1; });
  setDeferredDebugging(false);
  resolver.callback(1);
  EXPECT_THROW(resolver.callback(1), AlreadyCalledError);
}

TEST_F(DebuggingTest, TellsACoroutineThatAwaitsAListThatWaitsForResolvers) {
  auto one = newDeferred<int>();
  auto two = newDeferred<int>();
  const auto whole =
      awaitIt(gatherResults(std::move(one.deferred), std::move(two.deferred)).addCallback([](auto) {
        return 0;
      }));
  EXPECT_EQ(describeWaiting(whole),
            "a Deferred with 0 callbacks to run\n"
            "  waits for a coroutine\n"
            "    which waits for a Deferred with 1 callback to run\n"
            "      waits for a list of 2 Deferreds, of which 2 have no result\n"
            "        which waits for a Deferred with 0 callbacks to run\n"
            "          waits for a Resolver\n"
            "        which waits for a Deferred with 0 callbacks to run\n"
            "          waits for a Resolver\n");
  one.resolver.callback(1);
  EXPECT_THAT(describeWaiting(whole), HasSubstr("of which 1 have no result"));
}

TEST_F(DebuggingTest, TellsThePlacesOfALiveChain) {
  setDeferredDebugging(true);
  auto made = newDeferred<int>();
  const auto d = std::move(made.deferred).addCallback([](int n) { return n; });
  EXPECT_THAT(describeWaiting(d),
              AllOf(HasSubstr(", made at  "), HasSubstr(", last added to at  ")));
}

TEST_F(DebuggingTest, TellsALock) {
  DeferredLock lock;
  auto held = lock.acquire();
  const Deferred<void> next = lock.acquire();
  EXPECT_THAT(describeWaiting(next), HasSubstr("waits for its turn at a lock, where 0"));
}

TEST_F(DebuggingTest, TellsWhatHasItsResultAndWhatHasEnded) {
  auto [deferred, resolver] = newDeferred<int>();
  const auto handle = deferred.handle();
  EXPECT_THAT(describeWaiting(handle), HasSubstr("waits for a Resolver"));
  resolver.callback(1);
  EXPECT_THAT(describeWaiting(deferred), HasSubstr("has its result"));
  deferred = {};
  EXPECT_EQ(handle.describe(), "a Deferred that has ended\n");
  EXPECT_EQ(DeferredHandle().describe(), "no Deferred\n");
}

TEST_F(DebuggingTest, FromItsOwnCallbackADeferredSaysThatItRuns) {
  auto [deferred, resolver] = newDeferred<int>();
  const auto handle = deferred.handle();
  std::string text;
  std::move(deferred).addCallback([&](int) { text = handle.describe(); });
  resolver.callback(1);
  EXPECT_THAT(text, HasSubstr("its callbacks run now"));
}

TEST_F(DebuggingTest, LongWaysAreCutAndNeverOverflow) {
  setDeferredDebugging(true);
  auto made = newDeferred<int>();
  auto whole = std::move(made.deferred);
  for (int i = 0; i < 2'000; ++i) whole = awaitIt(std::move(whole));
  const std::string text = describeWaiting(whole);
  EXPECT_THAT(text, HasSubstr("... and more"));
  EXPECT_LE(std::ranges::count(text, '\n'), 210);
  made.resolver.callback(1);
}

TEST_F(DebuggingTest, ARefusedRingIsReportedWithItsPlaces) {
  setDeferredDebugging(true);
  Deferred<int> own;
  auto start = newDeferred<int>();
  own = std::move(start.deferred).addCallback([&](int) { return std::move(own); });
  auto rest = std::move(own);
  own = std::move(rest);
  start.resolver.callback(1);
  own = {};
  EXPECT_THAT(report_, HasSubstr("CircularWaitError"));
}

}  // namespace
}  // namespace phial
