// Scope: what it holds ends with it, and later callbacks are destroyed unrun.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <phial/master/deferred_list.h>
#include <phial/master/deferred_lock.h>
#include <phial/master/scope.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/deferred/unhandled.h"

namespace phial {
namespace {

using ::testing::ElementsAre;

class ScopeTest : public ::testing::Test {
 protected:
  Deferred<int> named(const std::string& name) {
    auto made = newDeferred<int>([this, name] { notes.push_back("cancel " + name); });
    resolvers.push_back(std::move(made.resolver));
    return std::move(made.deferred);
  }
  // A callback that the test must not see run; holds `alive`.
  auto never() {
    return [this, held = alive](auto&&) { notes.emplace_back("ran"); };
  }
  auto note(const std::string& what) {
    return [this, what](Outcome<int> outcome) {
      notes.push_back(what);
      return outcome;
    };
  }

  UnhandledErrors unhandled;
  std::vector<Resolver<int>> resolvers;
  std::vector<std::string> notes;
  std::shared_ptr<int> alive = std::make_shared<int>();
  std::optional<Scope> scope{std::in_place};
};

TEST_F(ScopeTest, PassesValuesAndFailuresOn) {
  int value = 0;
  std::string failure;
  scope->hold(named("a")).addCallback([&](int n) { value = n; });
  scope->hold(named("b")).addErrback([&](const Failure& f) {
    failure = f.message();
    return 0;
  });
  resolvers.at(0).callback(3);
  resolvers.at(1).errback(std::runtime_error("b failed"));
  EXPECT_EQ(value, 3);
  EXPECT_EQ(failure, "b failed");
  EXPECT_THROW(scope->hold(Deferred<int>()), std::logic_error);
}

TEST_F(ScopeTest, CancelsWhatItHoldsAndDestroysLaterCallbacksUnrun) {
  scope->hold(named("a").addBoth(note("before"))).addBoth(never());
  scope->hold(named("b")).addCallback(never()).addErrback(never());
  EXPECT_EQ(alive.use_count(), 4);
  scope.reset();
  EXPECT_THAT(notes, ElementsAre("cancel a", "before", "cancel b"));
  EXPECT_EQ(alive.use_count(), 1);
}

TEST_F(ScopeTest, DestroysAllCallbacksBeforeItCancelsAnything) {
  long left = 0;
  auto made = newDeferred<int>([&] { left = alive.use_count(); });
  scope->hold(std::move(made.deferred)).addBoth(never());
  scope->hold(named("b")).addBoth(never());
  scope.reset();
  EXPECT_EQ(left, 1);
}

TEST_F(ScopeTest, CallbackThatCapturesTheOwnerNeverRunsAfterIt) {
  struct Owner {
    int* runs;
    Scope scope;
    void add(Deferred<int> d) {
      scope.hold(std::move(d))
          .addCallback([this](int) { ++*runs; })
          .addErrback([this](const Failure&) { ++*runs; });
    }
  };
  int runs = 0;
  auto made = newDeferred<int>();
  {
    Owner owner{&runs, {}};
    owner.add(std::move(made.deferred));
  }
  made.resolver.callback(1);  // swallowed, as after any cancel
  EXPECT_EQ(runs, 0);
}

TEST_F(ScopeTest, KeptDeferredFailsWithCancelledErrorForThoseWhoWait) {
  std::string seen;
  auto inside = scope->hold(named("a")).addCallback([](int n) { return n; });
  auto outer = succeed().addCallback([&] { return std::move(inside); });
  auto end = gatherResults(std::move(outer)).addBoth([&](auto&& outcome) {
    seen = outcome.failure().type();
  });
  scope.reset();
  EXPECT_EQ(seen, "phial::CancelledError");
}

TEST_F(ScopeTest, HeldDeferredWithoutCallbacksIsUnreportedToo) {
  auto kept = scope->hold(named("a"));
  scope->hold(named("b"));
  scope.reset();
}

TEST_F(ScopeTest, OtherFailuresAreReportedAsUsual) {
  scope->hold(named("a"));
  resolvers.at(0).errback(std::runtime_error("unhandled"));
  EXPECT_THAT(unhandled.take(), ElementsAre("unhandled"));
}

TEST_F(ScopeTest, LeavesTheCallbacksOfAnOuterDeferredAlone) {
  auto inner = scope->hold(named("a")).addBoth(never());
  succeed()
      .addCallback([&] { return std::move(inner); })
      .addErrback([this](const Failure& failure) { notes.push_back("outer " + failure.type()); });
  scope.reset();
  EXPECT_THAT(notes, ElementsAre("cancel a", "outer phial::CancelledError"));
  EXPECT_EQ(alive.use_count(), 1);
}

TEST_F(ScopeTest, CancelsADeferredThatALaterCallbackHasReturned) {
  scope->hold(succeed())
      .addCallback([this] { return named("inner").addBoth(note("inner callback")); })
      .addBoth(never());
  scope.reset();
  EXPECT_THAT(notes, ElementsAre("cancel inner", "inner callback"));
  EXPECT_EQ(alive.use_count(), 1);
}

TEST_F(ScopeTest, CancelsADeferredThatAnEarlierCallbackHasReturned) {
  DeferredLock lock;
  scope->hold(lock.run([this] { return named("inner"); })).addBoth(never());
  scope.reset();
  EXPECT_THAT(notes, ElementsAre("cancel inner"));
  EXPECT_FALSE(lock.locked()) << "what was there before hold() has run";
}

TEST_F(ScopeTest, IsLeftAloneByThatWhichWasHeldElsewhere) {
  auto first = scope->hold(named("a")).addBoth(note("between"));
  Scope second;
  second.hold(std::move(first)).addBoth(never());
  scope.reset();
  EXPECT_THAT(notes, ElementsAre("cancel a"));
  EXPECT_EQ(second.size(), 0u);
}

TEST_F(ScopeTest, EarlierScopesCallbacksRunWhenALaterOneEnds) {
  auto first = scope->hold(named("a")).addBoth(note("between"));
  {
    Scope second;
    second.hold(std::move(first)).addBoth(never());
  }
  EXPECT_THAT(notes, ElementsAre("cancel a", "between"));
}

// --- Destroyed at an inconvenient moment ---

TEST_F(ScopeTest, MayBeDestroyedInsideOneOfItsCallbacks) {
  bool captured = false;
  scope->hold(named("a"))
      .addCallback([&, held = alive](int) {
        scope.reset();
        captured = held.use_count() > 1;  // this callback lives until it returns
      })
      .addBoth(never());
  scope->hold(named("b")).addBoth(never());
  resolvers.at(0).callback(1);
  EXPECT_TRUE(captured);
  EXPECT_THAT(notes, ElementsAre("cancel b"));
  EXPECT_EQ(alive.use_count(), 1);
}

TEST_F(ScopeTest, CallbacksAddedAfterItsEndNeverRun) {
  // The first callback runs inside addCallback, and the second is added when the Scope is gone.
  scope->hold(succeed()).addCallback([&] { scope.reset(); }).addBoth(never());
  EXPECT_THAT(notes, ElementsAre());
  EXPECT_EQ(alive.use_count(), 1);
}

TEST_F(ScopeTest, MayBeDestroyedInsideACallbackOfAnInnerDeferred) {
  scope->hold(succeed())
      .addCallback([this] {
        return named("inner").addCallback([this](int) {
          scope.reset();
          return 1;
        });
      })
      .addBoth(never());
  resolvers.at(0).callback(1);
  EXPECT_THAT(notes, ElementsAre());
  EXPECT_EQ(alive.use_count(), 1);
}

TEST_F(ScopeTest, MayBeDestroyedWhileOneOfItsDeferredsIsCancelled) {
  auto made = newDeferred<int>([&] { scope.reset(); });
  auto d = scope->hold(std::move(made.deferred)).addBoth(never());
  scope->hold(named("b")).addBoth(never());
  d.cancel();
  EXPECT_THAT(notes, ElementsAre("cancel b"));
  EXPECT_EQ(alive.use_count(), 1);
}

TEST_F(ScopeTest, HoldWhileItEndsCancelsAndNeverFires) {
  Scope* ending = &*scope;
  auto made = newDeferred<int>([&] { ending->hold(named("late")).addBoth(never()); });
  scope->hold(std::move(made.deferred));
  scope.reset();
  EXPECT_THAT(notes, ElementsAre("cancel late"));
  EXPECT_EQ(alive.use_count(), 1);
}

TEST_F(ScopeTest, CancellerThatThrowsDoesNotShieldTheOthers) {
  auto made = newDeferred<int>([] { throw std::runtime_error("canceller"); });
  scope->hold(std::move(made.deferred)).addBoth(never());
  scope->hold(named("b")).addBoth(never());
  scope.reset();
  EXPECT_THAT(notes, ElementsAre("cancel b"));
}

Deferred<int> insist(Deferred<int> first, Deferred<int> second) {
  const Outcome<int> outcome = co_await std::move(first).outcome();
  if (outcome.ok()) co_return outcome.value();
  co_return co_await std::move(second);
}

TEST_F(ScopeTest, WorkThatGoesOnWhenItIsCancelledRunsNoCallbackAtItsEnd) {
  auto first = named("a");
  auto second = named("b");
  scope->hold(insist(std::move(first), std::move(second))).addBoth(never());
  scope.reset();
  EXPECT_EQ(alive.use_count(), 1);
  resolvers.at(1).callback(1);
  EXPECT_THAT(notes, ElementsAre("cancel a"));
}

Deferred<void> awaiting(Scope& scope, Deferred<int> d, std::string& seen) {
  try {
    co_await scope.hold(std::move(d));
  } catch (const CancelledError&) {
    seen = "cancelled";
  }
}

TEST_F(ScopeTest, CoroutineThatAwaitsAHeldDeferredGetsCancelledError) {
  std::string seen;
  awaiting(*scope, named("a"), seen);
  scope.reset();
  EXPECT_EQ(seen, "cancelled");
}

// --- Memory ---

TEST_F(ScopeTest, ForgetsWhatHasEnded) {
  auto pending = scope->hold(named("pending"));
  for (int i = 0; i < 1000; ++i) {
    const std::weak_ptr<int> watched = [&] {
      auto value = std::make_shared<int>(i);
      scope->hold(succeed(value));
      return std::weak_ptr<int>(value);
    }();
    ASSERT_TRUE(watched.expired()) << "the Scope keeps a value";
  }
  EXPECT_EQ(scope->size(), 1u);
  pending.cancel();
  EXPECT_EQ(scope->size(), 1u) << "somebody still has it and may add callbacks";
  std::move(pending).addErrback([](const Failure&) { return 0; });
  EXPECT_EQ(scope->size(), 0u);
}

TEST_F(ScopeTest, LongLivedScopeKeepsNoMemoryOfWhatHasEnded) {
  constexpr std::size_t kHolds = 100'000;
  const auto before = ::mallinfo2().uordblks;
  for (std::size_t i = 0; i < kHolds; ++i) scope->hold(succeed());
  const auto after = ::mallinfo2().uordblks;  // a sanitizer's allocator says zero
  EXPECT_LT(after, before + kHolds);
}

}  // namespace
}  // namespace phial
