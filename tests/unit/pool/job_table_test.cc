#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "master/pool/job_table.h"
#include "tests/support/lone_job.h"

namespace phial::detail {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class JobTableTest : public ::testing::Test {
 protected:
  Ref<Job> job(std::uint64_t id) { return makeJob<void>(owner_, id); }
  void add(std::uint64_t id) { table_.add(job(id)); }
  void erase(std::uint64_t id) { table_.erase(table_.at(id)); }
  std::vector<std::uint64_t> takeAll() {
    std::vector<std::uint64_t> order;
    while (!table_.empty()) {
      order.push_back(table_.first().id());
      table_.erase(table_.first());
    }
    return order;
  }

  NotingOwner owner_;
  JobTable table_;
};

TEST_F(JobTableTest, FindsWhatIsThere) {
  EXPECT_TRUE(table_.empty());
  EXPECT_EQ(table_.find(1), nullptr);
  add(1);
  add(2);
  EXPECT_EQ(table_.find(1)->id(), 1U);
  EXPECT_EQ(table_.find(2)->id(), 2U);
  EXPECT_EQ(table_.find(3), nullptr);
  EXPECT_EQ(table_.find(1000), nullptr);
  EXPECT_FALSE(table_.empty());
}

TEST_F(JobTableTest, AnErasedEntryIsGoneWithAllThatItHeld) {
  add(1);
  add(2);
  table_.stateOf(table_.at(1)).strikes.deaths.emplace_back();
  erase(1);
  EXPECT_EQ(table_.find(1), nullptr);
  EXPECT_EQ(table_.find(2)->id(), 2U);
  add(1);
  EXPECT_EQ(table_.at(1).state, nullptr);
}

TEST_F(JobTableTest, ACourseIsUsedAgainAndKnowsNothingOfTheJobBefore) {
  add(1);
  JobState& state = table_.stateOf(table_.at(1));
  EXPECT_EQ(&table_.stateOf(table_.at(1)), &state);
  state.attempts = 3;
  state.times.dispatched.emplace();
  state.strikes.deaths.emplace_back();
  erase(1);
  add(2);
  EXPECT_EQ(&table_.stateOf(table_.at(2)), &state);
  EXPECT_EQ(state.attempts, 0U);
  EXPECT_FALSE(state.times.dispatched);
  EXPECT_THAT(state.strikes.deaths, IsEmpty());
}

TEST_F(JobTableTest, TheFirstIsTheOneOfTheLowestNumber) {
  for (const std::uint64_t id : {900, 64, 3, 127, 63, 128}) add(id);
  EXPECT_THAT(takeAll(), ElementsAre(3, 63, 64, 127, 128, 900));
}

TEST_F(JobTableTest, AnEntryStaysWhereItIs) {
  add(1);
  const JobEntry* const entry = table_.find(1);
  for (std::uint64_t id = 2; id < 10'000; ++id) add(id);
  for (std::uint64_t id = 2; id < 10'000; ++id) erase(id);
  EXPECT_EQ(table_.find(1), entry);
}

TEST_F(JobTableTest, AgreesWithAMapWhateverComesAndGoes) {
  std::mt19937 random(17);
  std::map<std::uint64_t, JobEntry*> expected;
  std::uint64_t last = 0;
  for (int step = 0; step < 20'000; ++step) {
    const bool grows = random() % 1000 > static_cast<unsigned>(step / 20);
    if (grows) {
      last += 1 + random() % 3;
      expected[last] = &table_.add(job(last));
    } else if (!expected.empty()) {
      auto chosen = expected.lower_bound(random() % (last + 1));
      if (chosen == expected.end()) chosen = expected.begin();
      table_.erase(*chosen->second);
      expected.erase(chosen);
    }
    const std::uint64_t id = random() % (last + 2);
    const auto found = expected.find(id);
    ASSERT_EQ(table_.find(id), found == expected.end() ? nullptr : found->second);
    ASSERT_EQ(table_.empty(), expected.empty());
    if (!expected.empty()) {
      ASSERT_EQ(table_.first().id(), expected.begin()->first);
    }
  }
}

}  // namespace
}  // namespace phial::detail
