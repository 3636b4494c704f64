// What a job gets from jobs that it has called.
#include "nested_fixture.h"

namespace phial {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

using CallTest = NestedTest;

TEST_F(CallTest, AJobCallsAJob) {
  auto& pool = makePool({.min = 1, .max = 2});
  EXPECT_EQ(valueOf(pool.deferToProcess<nested::callsTwice>(21)), 42);
}

TEST_F(CallTest, CallAllReturnsResultsInOrder) {
  auto& pool = makePool({.min = 1, .max = 2});
  EXPECT_THAT(valueOf(pool.deferToProcess<nested::twiceEach>(std::vector{3, 1, 2})),
              ElementsAre(6, 2, 4));
  EXPECT_TRUE(valueOf(pool.deferToProcess<nested::twiceEach>(std::vector<int>{})).empty());
  EXPECT_EQ(valueOf(pool.deferToProcess<nested::sumOfProducts>(4)), 1 + 2 + 3 + 4);
}

TEST_F(CallTest, MoreCallsThanAMasterTakesAreSentInTurn) {
  auto& pool = makePool({.min = 1, .max = 2});
  std::vector<int> numbers(3000);
  for (int i = 0; i < 3000; ++i) numbers[static_cast<std::size_t>(i)] = i;
  const auto results = valueOf(pool.deferToProcess<nested::twiceEach>(numbers));
  ASSERT_EQ(results.size(), numbers.size());
  for (std::size_t i = 0; i < results.size(); ++i) EXPECT_EQ(results[i], 2 * numbers[i]);
}

TEST_F(CallTest, LargeValuesTravelBothWays) {
  auto& pool = makePool({.min = 1, .max = 1});
  EXPECT_EQ(valueOf(pool.deferToProcess<nested::sizeOfWhole>(std::size_t{9} << 20)),
            std::size_t{9} << 20);
}

TEST_F(CallTest, AnExceptionComesAsItself) {
  auto& pool = makePool({.min = 1, .max = 1});
  EXPECT_EQ(valueOf(pool.deferToProcess<nested::afterException>()), "invalid_argument: by is 0");
}

TEST_F(CallTest, TheDeathOfAChildComesWithItsCertificate) {
  auto& pool = makePool({.min = 1, .max = 1});
  EXPECT_EQ(valueOf(pool.deferToProcess<nested::afterDeath>()),
            "WorkerDied of nested::killsItself, crash");
  EXPECT_EQ(pool.stats().deaths, 1U);
}

TEST_F(CallTest, AnArgumentThatDoesNotFitIsNamed) {
  auto& pool = makePool({.min = 1, .max = 1});
  EXPECT_THAT(valueOf(pool.deferToProcess<nested::afterMisfit>()),
              HasSubstr("argument 1 of nested::twice is 1099511627776"));
  EXPECT_THAT(valueOf(pool.deferToProcess<nested::afterSharedArray>()),
              StartsWith("EncodingError"));
}

TEST_F(CallTest, AFunctionThatNobodyHasIsAFailureOfTheCall) {
  auto& pool = makePool({.min = 1, .max = 1});
  EXPECT_EQ(valueOf(pool.deferToProcess<nested::afterUnknown>()), "UnknownFunction");
}

TEST_F(CallTest, CallAllEndsWithItsFirstFailure) {
  auto& pool = makePool({.min = 1, .max = 1});
  EXPECT_EQ(valueOf(pool.deferToProcess<nested::firstFailureOf>(600)), "invalid_argument: by is 0");
  runUntil([&] { return pool.stats().queued + pool.stats().running == 0; });
}

TEST_F(CallTest, AJobOfALeaseLendsItsPlaceToo) {
  auto& pool = makePool({.min = 1, .max = 1});
  const Lease lease = valueOf(pool.lease());
  EXPECT_EQ(valueOf(lease.deferToProcess<nested::callsTwice>(4)), 8);
  EXPECT_EQ(valueOf(lease.deferToProcess<nested::nodes>(3)), 15U);
  lease.release();
  valueOf(lease.whenOver());
  EXPECT_EQ(valueOf(pool.deferToProcess<nested::twice>(4)), 8);
}

TEST_F(CallTest, AJobWithAFreshWorkerCallsTheOthers) {
  auto& pool = makePool({.min = 1, .max = 1});
  EXPECT_EQ(valueOf(pool.with(JobOptions{.freshWorker = true}).deferToProcess<nested::nodes>(2)),
            7U);
}

TEST_F(CallTest, WorkersThatAreRecycledCallToo) {
  auto& pool = makePool({.min = 1, .max = 1, .recycleAfter = 1});
  EXPECT_EQ(valueOf(pool.deferToProcess<nested::nodes>(3)), 15U);
}

TEST_F(CallTest, JobsThatWereSentBehindAWaitingJobRunElsewhere) {
  auto& pool = makePool({.min = 1, .max = 1});
  valueOf(pool.deferToProcess<nested::callsTwice>(1));
  std::vector<Deferred<int>> all;
  for (int i = 0; i < 200; ++i) all.push_back(pool.deferToProcess<nested::callsTwice>(i));
  const auto results = valueOf(gatherResults(std::move(all)));
  for (int i = 0; i < 200; ++i) EXPECT_EQ(results[static_cast<std::size_t>(i)], 2 * i);
}

TEST_F(CallTest, AFullQueueDoesNotRefuseChildren) {
  auto& pool = makePool({.min = 1, .max = 1, .maxQueue = 1});
  EXPECT_THAT(valueOf(pool.deferToProcess<nested::twiceEach>(std::vector{1, 2, 3, 4})),
              ElementsAre(2, 4, 6, 8));
}

}  // namespace
}  // namespace phial
