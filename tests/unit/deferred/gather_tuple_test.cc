// gatherResults of Deferreds of different types.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/master/deferred_list.h>
#include <phial/master/deferred_lock.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "tests/unit/deferred/unhandled.h"

namespace phial {
namespace {

using ::testing::ElementsAre;

using Mixed = std::tuple<int, std::monostate, std::unique_ptr<std::string>>;

class GatherTupleTest : public ::testing::Test {
 protected:
  Deferred<Mixed> gather() {
    return gatherResults(std::move(number.deferred), std::move(nothing.deferred),
                         std::move(text.deferred));
  }
  struct Canceller {
    std::vector<int>* cancelled;
    int name;
    void operator()() const { cancelled->push_back(name); }
  };

  UnhandledErrors unhandled;
  std::vector<int> cancelled;
  NewDeferred<int> number = newDeferred<int>(Canceller{&cancelled, 0});
  NewDeferred<void> nothing = newDeferred<void>(Canceller{&cancelled, 1});
  NewDeferred<std::unique_ptr<std::string>> text =
      newDeferred<std::unique_ptr<std::string>>(Canceller{&cancelled, 2});
};

TEST_F(GatherTupleTest, GivesATupleInTheOrderOfTheArguments) {
  std::string seen;
  gather().addCallback(
      [&](Mixed values) { seen = std::to_string(std::get<0>(values)) + *std::get<2>(values); });
  text.resolver.callback(std::make_unique<std::string>("three"));
  number.resolver.callback(1);
  EXPECT_EQ(seen, "");
  nothing.resolver.callback();
  EXPECT_EQ(seen, "1three");
}

TEST_F(GatherTupleTest, FailureSaysWhichOneFailedAndTheOthersEndUnheard) {
  std::optional<std::size_t> index;
  std::string seen;
  gather().addBoth([&](const Outcome<Mixed>& outcome) {
    index = outcome.failure().index();
    seen = outcome.failure().type();
  });
  nothing.resolver.errback(std::range_error("second"));
  EXPECT_EQ(index, 1u);
  EXPECT_EQ(seen, "std::range_error");
  number.resolver.errback(std::runtime_error("late"));
  text.resolver.callback(nullptr);
  EXPECT_THAT(cancelled, ElementsAre());
}

TEST_F(GatherTupleTest, LateValueIsDestroyedByItsOwnType) {
  auto late = newDeferred<std::shared_ptr<int>>();
  gatherResults(std::move(number.deferred), std::move(late.deferred))
      .addErrback([](const Failure&) {});
  number.resolver.errback(std::range_error("first"));
  auto value = std::make_shared<int>();
  late.resolver.callback(value);
  EXPECT_EQ(value.use_count(), 1);
}

TEST_F(GatherTupleTest, CancelCancelsAllThatArePending) {
  std::string seen;
  auto d = gather().addBoth([&](const Outcome<Mixed>& o) { seen = o.failure().type(); });
  nothing.resolver.callback();
  d.cancel();
  EXPECT_EQ(seen, "phial::CancelledError");
  EXPECT_THAT(cancelled, ElementsAre(0, 2));
}

TEST_F(GatherTupleTest, CoroutineTakesTheTupleApart) {
  std::string seen;
  auto run = [&]() -> Deferred<void> {
    auto [n, none, word] = co_await gather();
    seen = std::to_string(n) + *word;
  };
  auto d = run();
  number.resolver.callback(1);
  nothing.resolver.callback();
  text.resolver.callback(std::make_unique<std::string>("x"));
  EXPECT_EQ(seen, "1x");
}

TEST_F(GatherTupleTest, OneTypeStillGivesAVector) {
  DeferredLock lock;
  static_assert(
      std::is_same_v<decltype(gatherResults(succeed(1), succeed(2))), Deferred<std::vector<int>>>);
  static_assert(std::is_same_v<decltype(gatherResults(succeed(), lock.acquire())), Deferred<void>>);
  static_assert(std::is_same_v<decltype(gatherResults(lock.acquire(), succeed(2))),
                               Deferred<std::tuple<std::monostate, int>>>);
}

struct Refuses {
  Refuses() = default;
  Refuses(Refuses&&) { throw std::range_error("moved"); }
};

TEST_F(GatherTupleTest, ValueThatCannotBeMovedFailsIt) {
  std::string seen;
  auto refuses = fail<Refuses>(std::range_error("moved"));
  gatherResults(std::move(number.deferred), std::move(refuses)).addBoth([&](auto&& outcome) {
    seen = outcome.failure().message();
  });
  EXPECT_EQ(seen, "moved");
}

}  // namespace
}  // namespace phial
