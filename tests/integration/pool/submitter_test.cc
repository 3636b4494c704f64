// The handles that with() returns.
#include <optional>
#include <string>
#include <vector>

#include "map_jobs.h"
#include "pool_fixture.h"

namespace phial {
namespace {

using PoolSubmitterTest = PoolTest;

TEST_F(PoolSubmitterTest, OptionsAreOfTheCallsOfThatHandleAlone) {
  auto& pool = makePool({.max = 1});
  const Submitter monday = pool.with({.label = "monday"});
  const Submitter tuesday = pool.with({.label = "tuesday"});
  EXPECT_EQ(valueOf(monday.deferToProcess<jobs::myLabel>()), "monday");
  EXPECT_EQ(valueOf(tuesday.deferToProcess<std::string>("jobs::myLabel")), "tuesday");
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::myLabel>()), "");
  EXPECT_EQ(valueOf(monday.deferToProcess<jobs::myLabel>()), "monday") << "it can be used again";
}

TEST_F(PoolSubmitterTest, JobOptionsAndMapOptionsCombineInEitherOrder) {
  auto& pool = makePool({.max = 1});
  const auto labels = [&](const Submitter& handle) {
    return valueOf(handle.map<map_jobs::label>(std::vector{1, 2, 3, 4}));
  };
  const auto one = pool.with({.label = "a"}).with({.chunk = 4});
  EXPECT_EQ(labels(one), std::vector<std::string>(4, "a"));
  const auto before = pool.stats().submitted;
  const auto other = pool.with({.chunk = 4}).with({.label = "b"});
  EXPECT_EQ(labels(other), std::vector<std::string>(4, "b"));
  EXPECT_EQ(pool.stats().submitted, before + 1) << "the elements travel in one chunk";
}

TEST_F(PoolSubmitterTest, OfTwoValuesForAFieldTheLaterCounts) {
  auto& pool = makePool({.max = 1});
  const auto twice = pool.with({.label = "first"}).with({.label = "second"});
  EXPECT_EQ(valueOf(twice.deferToProcess<jobs::myLabel>()), "second");
  const auto inner = pool.with({.label = "first"}).with({.job = {.label = "third"}});
  EXPECT_EQ(valueOf(inner.deferToProcess<jobs::myLabel>()), "third");
  const auto other = pool.with({.label = "first"}).with({.priority = 1});
  EXPECT_EQ(valueOf(other.deferToProcess<jobs::myLabel>()), "first") << "a field that is not set";
}

TEST_F(PoolSubmitterTest, AHandleCanBeUsedAfterItsPoolHasStopped) {
  auto& pool = makePool({.max = 1});
  const Submitter handle = pool.with({.label = "late"});
  valueOf(pool.stop());
  auto job = handle.deferToProcess<jobs::myLabel>();
  EXPECT_FALSE(job.called()) << "a refusal arrives from the loop";
  EXPECT_TRUE(failureOf(std::move(job)).check<PoolStopped>());
}

TEST_F(PoolSubmitterTest, EveryCallFailsWithPoolStoppedAfterThePoolsEnd) {
  std::optional<Submitter> handle(makePool({.max = 1}).with({.label = "late"}));
  valueOf(handle->deferToProcess<jobs::myLabel>());
  pool_.reset();
  const std::vector<int> numbers{1, 2};
  EXPECT_TRUE(failureOf(handle->deferToProcess<jobs::myLabel>()).check<PoolStopped>());
  EXPECT_TRUE(failureOf(handle->deferToProcess<int>("jobs::add", 1, 2)).check<PoolStopped>());
  EXPECT_TRUE(failureOf(handle->map<map_jobs::twice>(numbers)).check<PoolStopped>());
  EXPECT_TRUE(failureOf(handle->mapOutcomes<map_jobs::twice>(numbers)).check<PoolStopped>());
  const auto never = [](std::size_t, auto&&) { FAIL(); };
  EXPECT_TRUE(failureOf(handle->forEach<map_jobs::twice>(numbers, never)).check<PoolStopped>());
  EXPECT_TRUE(
      failureOf(handle->forEachOutcome<map_jobs::twice>(numbers, never)).check<PoolStopped>());
  const Submitter more = handle->with({.chunk = 3});
  handle.reset();
  EXPECT_TRUE(failureOf(more.map<map_jobs::twice>(numbers)).check<PoolStopped>());
}

TEST_F(PoolSubmitterTest, AHandleOutlivesTheReactorToo) {
  std::optional<Submitter> handle(makePool({.max = 1}).with({.label = "late"}));
  pool_.reset();
  reactor_.reset();
  std::string type;
  handle->deferToProcess<jobs::myLabel>().addErrback([&](const Failure& failure) {
    type = failure.type();
    return std::string();
  });
  EXPECT_EQ(type, "phial::PoolStopped");
}

TEST_F(PoolSubmitterTest, CallbacksThatRunInThePoolsDestructorMaySubmit) {
  auto& pool = makePool({.max = 1});
  const std::string block = makeFifo("block");
  std::string later;
  auto running = pool.deferToProcess<jobs::waitFor>(block).addErrback(
      [&](const Failure&) { return pool.deferToProcess<jobs::myLabel>(); });
  auto done = std::move(running).addErrback([&](const Failure& failure) {
    later = failure.type();
    return std::string();
  });
  runUntil([&] { return pool.stats().running == 1; });
  pool_.reset();
  EXPECT_EQ(later, "phial::PoolStopped");
}

TEST_F(PoolSubmitterTest, OptionsWithoutSenseAreTheFailureOfTheCallAndNameTheField) {
  auto& pool = makePool({.max = 1});
  const auto messageOf = [&](const Submitter& handle) {
    const Failure failure = failureOf(handle.deferToProcess<jobs::myLabel>());
    EXPECT_TRUE(failure.check<std::invalid_argument>()) << failure.type();
    return failure.message();
  };
  EXPECT_EQ(messageOf(pool.with({.timeout = Duration::zero()})),
            "JobOptions::timeout is 0 ms, not above zero");
  EXPECT_EQ(messageOf(pool.with({.softTimeout = std::chrono::seconds(-1)})),
            "JobOptions::softTimeout is -1000 ms, not above zero");
  EXPECT_EQ(messageOf(pool.with({.maxAttempts = 0})),
            "JobOptions::maxAttempts is 0: no worker could run the job");
  EXPECT_EQ(messageOf(pool.with({.maxAttempts = static_cast<unsigned>(-1)})),
            "JobOptions::maxAttempts is 4294967295, more than 2147483648");
  const auto negative = pool.with({.chunk = static_cast<std::size_t>(-1)});
  EXPECT_THAT(failureOf(negative.mapOutcomes<map_jobs::twice>(std::vector{1})).message(),
              ::testing::StartsWith("MapOptions::chunk is 18446744073709551615, more than"));
  EXPECT_THROW(ProcessPool(*reactor_, {.timeout = Duration::zero()}), std::invalid_argument);
  EXPECT_THROW(ProcessPool(*reactor_, {.maxQueue = static_cast<std::size_t>(-1)}),
               std::invalid_argument);
}

TEST_F(PoolSubmitterTest, AMapOfNothingFiresFromTheLoop) {
  auto& pool = makePool({.max = 1});
  auto map = pool.map<map_jobs::twice>(std::vector<int>());
  EXPECT_FALSE(map.called());
  EXPECT_TRUE(valueOf(std::move(map)).empty());
  valueOf(pool.stop());
  auto late = pool.map<map_jobs::twice>(std::vector{1});
  EXPECT_FALSE(late.called());
  EXPECT_TRUE(failureOf(std::move(late)).check<PoolStopped>());
}

}  // namespace
}  // namespace phial
