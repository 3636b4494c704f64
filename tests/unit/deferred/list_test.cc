// gatherResults, DeferredList and race, after Twisted's tests of the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/master/deferred_list.h>

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
using ::testing::IsEmpty;

// Three Deferreds and their Resolvers.
template <class T>
struct Three {
  Three() {
    for (int i = 0; i < 3; ++i) {
      auto made = newDeferred<T>([this, i] { cancelled.push_back(i); });
      deferreds.push_back(std::move(made.deferred));
      resolvers.push_back(std::move(made.resolver));
    }
  }
  std::vector<Deferred<T>> deferreds;
  std::vector<Resolver<T>> resolvers;
  std::vector<int> cancelled;
};

TEST(GatherResultsTest, CollectsInOrderWhateverTheOrderOfArrival) {
  Three<int> three;
  std::vector<int> seen;
  auto d = gatherResults(std::move(three.deferreds)).addCallback([&](std::vector<int> v) {
    seen = std::move(v);
  });
  three.resolvers[2].callback(2);
  three.resolvers[0].callback(0);
  EXPECT_THAT(seen, IsEmpty());
  three.resolvers[1].callback(1);
  EXPECT_THAT(seen, ElementsAre(0, 1, 2));
}

TEST(GatherResultsTest, FiresAtOnceWhenAllHaveOrThereAreNone) {
  std::vector<Deferred<bool>> ready;
  ready.push_back(succeed(true));
  ready.push_back(succeed(false));
  std::vector<bool> seen;
  auto d = gatherResults(std::move(ready)).addCallback([&](std::vector<bool> v) { seen = v; });
  EXPECT_THAT(seen, ElementsAre(true, false));
  bool empty = false;
  auto e = gatherResults(std::vector<Deferred<int>>()).addCallback([&](const std::vector<int>& v) {
    empty = v.empty();
  });
  EXPECT_TRUE(empty);
}

TEST(GatherResultsTest, OfVoidAndOfMoveOnly) {
  Three<void> three;
  bool done = false;
  auto d = gatherResults(std::move(three.deferreds)).addCallback([&] { done = true; });
  for (auto& r : three.resolvers) r.callback();
  EXPECT_TRUE(done);
  std::vector<Deferred<std::unique_ptr<int>>> owned;
  owned.push_back(succeed(std::make_unique<int>(3)));
  int seen = 0;
  auto e = gatherResults(std::move(owned)).addCallback([&](auto v) { seen = *v.at(0); });
  EXPECT_EQ(seen, 3);
}

TEST(GatherResultsTest, FailsWithTheFirstFailureAndOthersEndUnheard) {
  UnhandledErrors unhandled;
  Three<int> three;
  std::string seen;
  auto d = gatherResults(std::move(three.deferreds))
               .addCallback([](const std::vector<int>&) {})
               .addErrback([&](const Failure& f) { seen += f.type(); });
  three.resolvers[1].errback(std::range_error("first"));
  EXPECT_EQ(seen, "std::range_error");
  three.resolvers[0].errback(std::runtime_error("second"));
  three.resolvers[2].callback(1);
  EXPECT_EQ(seen, "std::range_error");
  EXPECT_THAT(three.cancelled, IsEmpty());
}

TEST(GatherResultsTest, FailureSaysWhichDeferredItWasOf) {
  Three<int> three;
  std::optional<std::size_t> index;
  bool same = false;
  auto d = gatherResults(std::move(three.deferreds))
               .addCallback([](const std::vector<int>&) {})
               .addErrback([&](const Failure& failure) {
                 index = failure.index();
                 same = failure.check<std::range_error>();
               });
  three.resolvers[2].errback(std::range_error("third"));
  EXPECT_EQ(index, 2u);
  EXPECT_TRUE(same);
}

TEST(GatherResultsTest, TakesDeferredsOneByOne) {
  std::vector<int> seen;
  auto a = newDeferred<int>();
  auto d =
      gatherResults(std::move(a.deferred), succeed(2)).addCallback([&](std::vector<int> values) {
        seen = std::move(values);
      });
  a.resolver.callback(1);
  EXPECT_THAT(seen, ElementsAre(1, 2));
}

TEST(GatherResultsTest, CancelCancelsAllThatArePending) {
  UnhandledErrors unhandled;
  Three<int> three;
  std::string seen;
  auto d = gatherResults(std::move(three.deferreds))
               .addCallback([](const std::vector<int>&) {})
               .addErrback([&](const Failure& f) { seen = f.type(); });
  three.resolvers[1].callback(1);
  d.cancel();
  EXPECT_THAT(three.cancelled, ElementsAre(0, 2));
  EXPECT_EQ(seen, "phial::CancelledError");
}

TEST(GatherResultsTest, CancelReachesCancellersWhoseResolversAreGone) {
  Three<int> three;
  auto d = gatherResults(std::move(three.deferreds)).addBoth([](auto&&) {});
  three.resolvers.clear();
  d.cancel();
  EXPECT_THAT(three.cancelled, ElementsAre(0, 1, 2));
}

TEST(GatherResultsTest, DroppedItStillRunsAndUnfiredItIsDestroyed) {
  auto watched = std::make_shared<int>(0);
  Three<int> three;
  {
    auto d = gatherResults(std::move(three.deferreds)).addBoth([watched](auto&&) { ++*watched; });
  }
  EXPECT_EQ(watched.use_count(), 2);
  for (auto& r : three.resolvers) r.callback(1);
  EXPECT_EQ(*watched, 1);
  Three<int> lost;
  {
    auto d = gatherResults(std::move(lost.deferreds)).addBoth([watched](auto&&) { ++*watched; });
  }
  EXPECT_EQ(watched.use_count(), 2);
  lost.resolvers.clear();
  EXPECT_EQ(watched.use_count(), 1);
}

TEST(GatherResultsTest, AThrowingCancellerDoesNotShieldTheOthers) {
  std::vector<Deferred<int>> ds;
  int ran = 0;
  auto bad = newDeferred<int>([] { throw std::runtime_error("canceller"); });
  auto good = newDeferred<int>([&] { ++ran; });
  ds.push_back(std::move(bad.deferred));
  ds.push_back(std::move(good.deferred));
  auto d = gatherResults(std::move(ds)).addBoth([](auto&&) {});
  EXPECT_NO_THROW(d.cancel());
  EXPECT_EQ(ran, 1);
}

// --- DeferredList ---

std::string text(const std::vector<Outcome<int>>& list) {
  std::string s;
  for (const auto& o : list) s += o.ok() ? std::to_string(o.value()) : o.failure().message();
  return s;
}

TEST(DeferredListTest, CollectsEveryOutcome) {
  UnhandledErrors unhandled;
  Three<int> three;
  std::string seen;
  auto d = DeferredList(std::move(three.deferreds), {.consumeErrors = true})
               .addCallback([&](const auto& list) { seen = text(list); });
  three.resolvers[2].callback(2);
  three.resolvers[1].errback(std::runtime_error("e"));
  three.resolvers[0].callback(0);
  EXPECT_EQ(seen, "0e2");
}

TEST(DeferredListTest, WithoutConsumeErrorsFailuresAreReportedToo) {
  UnhandledErrors unhandled;
  Three<int> three;
  std::string seen;
  auto d = DeferredList(std::move(three.deferreds)).addCallback([&](const auto& list) {
    seen = text(list);
  });
  for (auto& r : three.resolvers) r.errback(std::runtime_error("e"));
  EXPECT_EQ(seen, "eee");
  EXPECT_THAT(unhandled.take(), ElementsAre("e", "e", "e"));
}

TEST(DeferredListTest, FireOnOneCallbackSaysWhichOne) {
  Three<int> three;
  std::string seen;
  std::optional<std::size_t> index;
  auto d =
      DeferredList(std::move(three.deferreds), {.fireOnOneCallback = true, .consumeErrors = true})
          .addCallback([&](const DeferredListResult<int>& list) {
            seen += text(list);
            index = list.index;
          });
  three.resolvers[0].errback(std::runtime_error("e"));
  EXPECT_EQ(seen, "");
  three.resolvers[1].callback(1);
  EXPECT_EQ(seen, "1");
  EXPECT_EQ(index, 1u);
  three.resolvers[2].callback(2);
  EXPECT_EQ(seen, "1");
  EXPECT_THAT(three.cancelled, IsEmpty());
}

TEST(DeferredListTest, FireOnOneErrback) {
  UnhandledErrors unhandled;
  Three<int> three;
  std::size_t index = 0;
  std::string seen;
  auto d =
      DeferredList(std::move(three.deferreds), {.fireOnOneErrback = true, .consumeErrors = true})
          .addCallback([](const auto&) {})
          .addErrback([&](const Failure& f) {
            index = f.as<FirstError>()->index();
            seen = f.as<FirstError>()->failure().message();
          });
  three.resolvers[0].callback(0);
  three.resolvers[2].errback(std::runtime_error("e"));
  EXPECT_EQ(index, 2u);
  EXPECT_EQ(seen, "e");
  three.resolvers[1].errback(std::runtime_error("late"));
}

TEST(DeferredListTest, FireOnOneCallbackGivesAllOutcomesWithoutAnIndexWhenAllFail) {
  Three<int> three;
  bool all = false;
  auto d =
      DeferredList(std::move(three.deferreds), {.fireOnOneCallback = true, .consumeErrors = true})
          .addCallback(
              [&](const DeferredListResult<int>& list) { all = list.size() == 3 && !list.index; });
  d.cancel();
  EXPECT_TRUE(all);
}

TEST(DeferredListTest, EmptyWithFireOnOneCallbackNeverFiresAndCanBeCancelled) {
  std::string seen;
  auto d = DeferredList(std::vector<Deferred<int>>(), {.fireOnOneCallback = true})
               .addCallback([&](const auto&) { seen = "fired"; })
               .addErrback([&](const Failure& failure) { seen = failure.type(); });
  EXPECT_EQ(seen, "");
  d.cancel();
  EXPECT_EQ(seen, "phial::CancelledError");
}

TEST(DeferredListTest, EmptyWithBothFlagsNeverFiresAndWithFireOnOneErrbackFiresAtOnce) {
  bool fired = false;
  const auto note = [&](const auto&) { fired = true; };
  auto both = DeferredList(std::vector<Deferred<int>>(),
                           {.fireOnOneCallback = true, .fireOnOneErrback = true})
                  .addBoth(note);
  EXPECT_FALSE(fired);
  auto one = DeferredList(std::vector<Deferred<int>>(), {.fireOnOneErrback = true}).addBoth(note);
  EXPECT_TRUE(fired);
}

TEST(DeferredListTest, FireOnOneCallbackGivesTheIndexOfAResultThatWasThere) {
  std::optional<std::size_t> index;
  auto pending = newDeferred<int>();
  std::vector<Deferred<int>> all;
  all.push_back(std::move(pending.deferred));
  all.push_back(succeed(2));
  all.push_back(succeed(3));
  auto d = DeferredList(std::move(all), {.fireOnOneCallback = true})
               .addCallback([&](const DeferredListResult<int>& list) {
                 index = list.index;
                 EXPECT_EQ(list.size(), 1u);
                 EXPECT_EQ(list.at(0).value(), 2);
               });
  EXPECT_EQ(index, 1u);
}

TEST(DeferredListTest, EmptyFiresAtOnceAndCancelGivesCancelledOutcomes) {
  bool empty = false;
  auto e = DeferredList(std::vector<Deferred<void>>()).addCallback([&](const auto& list) {
    empty = list.empty();
  });
  EXPECT_TRUE(empty);
  Three<int> three;
  std::string seen;
  auto d = DeferredList(std::move(three.deferreds), {.consumeErrors = true})
               .addCallback([&](const auto& list) { seen = text(list); });
  three.resolvers[0].callback(7);
  d.cancel();
  EXPECT_EQ(seen, "7cancelledcancelled");
}

// --- race ---

TEST(RaceTest, FirstSuccessWinsAndTheOthersAreCancelled) {
  UnhandledErrors unhandled;
  Three<int> three;
  std::pair<std::size_t, int> seen;
  auto d = race(std::move(three.deferreds)).addCallback([&](std::pair<std::size_t, int> winner) {
    EXPECT_THAT(three.cancelled, ElementsAre(2)) << "cancelled before it fires";
    seen = winner;
  });
  three.resolvers[0].errback(std::runtime_error("slow"));
  three.resolvers[1].callback(5);
  EXPECT_EQ(seen, std::pair(std::size_t{1}, 5));
}

TEST(RaceTest, OfVoidGivesTheIndex) {
  Three<void> three;
  std::size_t seen = 9;
  auto d = race(std::move(three.deferreds)).addCallback([&](std::size_t i) { seen = i; });
  three.resolvers[2].callback();
  EXPECT_EQ(seen, 2u);
}

TEST(RaceTest, FailsWithAllFailuresWhenNobodyWins) {
  UnhandledErrors unhandled;
  Three<int> three;
  std::vector<std::string> seen;
  auto d = race(std::move(three.deferreds)).addBoth([&](auto outcome) {
    for (const auto& f : outcome.failure().template as<FailureGroup>()->failures()) {
      seen.push_back(f.message());
    }
  });
  for (int i = 2; i >= 0; --i) three.resolvers[i].errback(std::runtime_error(std::to_string(i)));
  EXPECT_THAT(seen, ElementsAre("0", "1", "2"));
}

TEST(RaceTest, CancelledItFailsWithCancelledErrorSoThatTimeoutsWork) {
  ManualClock clock;
  Three<int> three;
  std::string seen;
  auto d = race(std::move(three.deferreds))
               .addTimeout(std::chrono::seconds(1), clock)
               .addBoth([&](auto outcome) { seen = outcome.failure().type(); });
  clock.advance(std::chrono::seconds(1));
  EXPECT_EQ(seen, "phial::TimeoutError");
  EXPECT_THAT(three.cancelled, ElementsAre(0, 1, 2));
}

TEST(RaceTest, OfNothingFails) {
  bool failed = false;
  auto d = race(std::vector<Deferred<int>>()).addBoth([&](auto outcome) {
    failed = outcome.failure().template check<FailureGroup>();
  });
  EXPECT_TRUE(failed);
}

}  // namespace
}  // namespace phial
