// forEach in the order in which elements are done.
#include "stream_fixture.h"

namespace phial {
namespace {

using ::testing::ElementsAre;

class OrderTest : public StreamTest {
 protected:
  const std::string gate_ = makeFifo("gate");
  std::vector<std::size_t> indices_;
};

TEST_F(OrderTest, AResultIsHandedOverAsItsElementEnds) {
  auto& pool = makePool({.min = 2, .max = 2});
  auto done = pool.with({.chunk = 1, .order = Order::completion})
                  .forEach<stream_jobs::step>(
                      std::vector<std::string>{gate_, "", "", ""},
                      [&](std::size_t index, const std::string&) { indices_.push_back(index); });
  runUntil([&] { return indices_.size() == 3; });
  EXPECT_THAT(indices_, ElementsAre(1, 2, 3));
  letGo(gate_);
  valueOf(std::move(done));
  EXPECT_EQ(indices_.back(), 0u);
}

TEST_F(OrderTest, TheOrderOfTheRangeStaysTheDefault) {
  auto& pool = makePool({.min = 2, .max = 2});
  auto done = pool.with({.chunk = 1})
                  .forEach<stream_jobs::step>(
                      std::vector<std::string>{gate_, "", ""},
                      [&](std::size_t index, const std::string&) { indices_.push_back(index); });
  runUntil([&] { return pool.stats().succeeded == 2; });
  EXPECT_TRUE(indices_.empty());
  letGo(gate_);
  valueOf(std::move(done));
  EXPECT_THAT(indices_, ElementsAre(0, 1, 2));
}

TEST_F(OrderTest, OutcomesComeAsTheyEndToo) {
  auto& pool = makePool({.min = 2, .max = 2});
  std::size_t failed = 0;
  auto done = pool.with({.chunk = 1, .order = Order::completion})
                  .forEachOutcome<stream_jobs::step>(
                      std::vector<std::string>{gate_, "throw", ""},
                      [&](std::size_t index, const Outcome<std::string>& outcome) {
                        indices_.push_back(index);
                        failed += outcome.ok() ? 0 : 1;
                      });
  runUntil([&] { return indices_.size() == 2; });
  EXPECT_THAT(indices_, ElementsAre(1, 2));
  EXPECT_EQ(failed, 1u);
  letGo(gate_);
  valueOf(std::move(done));
}

TEST_F(OrderTest, AMapsVectorHasTheOrderOfTheRange) {
  auto& pool = makePool({.min = 2, .max = 2});
  auto all = pool.with({.chunk = 1, .order = Order::completion})
                 .map<stream_jobs::step>(std::vector<std::string>{gate_, "", ""});
  runUntil([&] { return pool.stats().succeeded == 2; });
  letGo(gate_);
  EXPECT_THAT(valueOf(std::move(all)), ElementsAre(gate_, "", ""));
}

TEST_F(OrderTest, EachElementOfALongRangeComesOnce) {
  auto& pool = makePool({.max = 2});
  constexpr std::size_t kElements = 20'000;
  std::vector<bool> seen(kElements);
  valueOf(pool.with({.order = Order::completion})
              .forEach<stream_jobs::step>(std::vector<std::string>(kElements),
                                          [&](std::size_t index, const std::string&) {
                                            EXPECT_FALSE(seen.at(index));
                                            seen[index] = true;
                                          }));
  EXPECT_EQ(std::count(seen.begin(), seen.end(), true), static_cast<std::ptrdiff_t>(kElements));
}

TEST_F(OrderTest, AFailureEndsItAlthoughAnElementBeforeItIsNotDone) {
  auto& pool = makePool({.min = 2, .max = 2});
  const auto failure =
      failureOf(pool.with({.chunk = 1, .order = Order::completion})
                    .forEach<stream_jobs::step>(std::vector<std::string>{gate_, "throw"},
                                                [](std::size_t, const std::string&) {}));
  EXPECT_EQ(failure.index(), 1u);
}

}  // namespace
}  // namespace phial
