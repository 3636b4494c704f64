// What a caller of deferToProcess gets back.
#include "pool_fixture.h"

namespace phial {
namespace {

using PoolJobsTest = PoolTest;

TEST_F(PoolJobsTest, RunsTheFunctionInAnotherProcess) {
  auto& pool = makePool();
  EXPECT_NE(valueOf(pool.deferToProcess<jobs::whoAmI>()), ::getpid());
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::add>(40, 2)), 42);
  EXPECT_TRUE(valueOf(pool.deferToProcess<jobs::isPrime>(999983)));
  valueOf(pool.deferToProcess<jobs::doNothing>());
}

TEST_F(PoolJobsTest, CarriesAggregates) {
  auto& pool = makePool();
  const auto sheep = valueOf(pool.deferToProcess<jobs::shear>(jobs::Sheep{"Dolly", 4}));
  EXPECT_EQ(sheep, (jobs::Sheep{"bare Dolly", 4}));
}

TEST_F(PoolJobsTest, NothingArrivesInsideTheCall) {
  auto& pool = makePool();
  valueOf(pool.start());
  auto deferred = pool.deferToProcess<jobs::add>(1, 1);
  EXPECT_FALSE(deferred.called());
  EXPECT_EQ(valueOf(std::move(deferred)), 2);
}

TEST_F(PoolJobsTest, ADeferredTellsWhichJobItWaitsForAndWhere) {
  const std::string fifo = makeFifo("go");
  auto& pool = makePool({.name = "tellers", .min = 1, .max = 1});
  valueOf(pool.start());
  auto running = pool.deferToProcess<jobs::waitFor>(fifo);
  auto queued = pool.deferToProcess<jobs::add>(1, 1);
  auto both = gatherResults(std::move(running), std::move(queued));
  runUntil([&] { return pool.stats().running > 0; });
  const std::string told = describeWaiting(both);
  EXPECT_THAT(told, ::testing::HasSubstr("job jobs::waitFor in pool tellers, in worker 1"));
  EXPECT_THAT(told, ::testing::HasSubstr("job jobs::add in pool tellers, in the queue"));
  letGo(fifo);
  EXPECT_EQ(valueOf(std::move(both)), (std::tuple<std::string, int>("", 2)));
}

TEST_F(PoolJobsTest, AFunctionIsFoundByItsQualifiedName) {
  auto& pool = makePool();
  EXPECT_EQ(valueOf(pool.deferToProcess<int>("jobs::add", 3, 4)), 7);
}

TEST_F(PoolJobsTest, AnExceptionOfTheFunctionArrivesWithTypeMessageAndPlace) {
  auto& pool = makePool({.max = 1});
  const pid_t before = valueOf(pool.deferToProcess<jobs::whoAmI>());
  const Failure failure = failureOf(pool.deferToProcess<jobs::throwWool>("no wool"));
  EXPECT_TRUE(failure.check("jobs::WoolError"));
  EXPECT_TRUE(failure.check<jobs::WoolError>());
  EXPECT_TRUE(failure.check<std::runtime_error>());
  EXPECT_TRUE(failure.check<RemoteError>());
  EXPECT_FALSE(failure.check<WorkerDied>());
  EXPECT_EQ(failure.type(), "jobs::WoolError");
  EXPECT_EQ(failure.message(), "no wool");
  EXPECT_NE(failure.traceback(), "");
  // The worker has survived it.
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::whoAmI>()), before);
}

TEST_F(PoolJobsTest, AThrownNumberIsAFailureToo) {
  auto& pool = makePool();
  EXPECT_TRUE(failureOf(pool.deferToProcess<jobs::throwNumber>()).check("int"));
}

TEST_F(PoolJobsTest, AnUnknownNameIsAnsweredWithWhatThereIs) {
  auto& pool = makePool({.max = 1});
  const Failure failure = failureOf(pool.deferToProcess<int>("jobs::subtract", 3, 4));
  EXPECT_TRUE(failure.check<UnknownFunction>());
  EXPECT_THAT(failure.message(), ::testing::HasSubstr("jobs::subtract"));
  EXPECT_THAT(failure.message(), ::testing::HasSubstr("jobs::add"));
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::add>(1, 2)), 3);
  EXPECT_EQ(pool.stats().spawned, 1U);
}

TEST_F(PoolJobsTest, ArgumentsThatDoNotFitFailTheCallAndSpareTheWorker) {
  auto& pool = makePool({.max = 1});
  const pid_t before = valueOf(pool.deferToProcess<jobs::whoAmI>());
  EXPECT_TRUE(failureOf(pool.deferToProcess<int>("jobs::add", "three", 4)).check<EncodingError>());
  EXPECT_TRUE(failureOf(pool.deferToProcess<int>("jobs::add", 3)).check<EncodingError>());
  EXPECT_TRUE(
      failureOf(pool.deferToProcess<std::string>("jobs::add", 3, 4)).check<EncodingError>());
  EXPECT_TRUE(failureOf(pool.deferToProcess<void>("jobs::add", 3, 4)).check<EncodingError>());
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::whoAmI>()), before);
}

TEST_F(PoolJobsTest, AMessageAboveTheLimitFailsItsOwnCallOnly) {
  auto& pool = makePool({.max = 1, .maxMessageBytes = 1 << 20});
  const pid_t before = valueOf(pool.deferToProcess<jobs::whoAmI>());
  const std::vector<std::byte> large(2 << 20);
  auto small = pool.deferToProcess<jobs::add>(1, 2);
  EXPECT_TRUE(failureOf(pool.deferToProcess<jobs::sum>(large)).check<EncodingError>());
  EXPECT_TRUE(failureOf(pool.deferToProcess<jobs::makeBytes>(large.size())).check<EncodingError>());
  EXPECT_EQ(valueOf(std::move(small)), 3);
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::whoAmI>()), before);
}

TEST_F(PoolJobsTest, AValueThatNestsTooDeepFailsItsOwnCallOnly) {
  auto& pool = makePool({.max = 1});
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::heightOf>(jobs::growTree(20))), 20);
  EXPECT_EQ(jobs::heightOf(valueOf(pool.deferToProcess<jobs::growTree>(20))), 20);
  const auto tooDeep = jobs::growTree(100);
  EXPECT_TRUE(failureOf(pool.deferToProcess<jobs::heightOf>(tooDeep)).check<EncodingError>());
  EXPECT_TRUE(failureOf(pool.deferToProcess<jobs::growTree>(100)).check<EncodingError>());
  EXPECT_EQ(pool.stats().deaths, 0U);
}

TEST_F(PoolJobsTest, AnOnProgressThatThrowsHarmsNobody) {
  auto& pool = makePool({.max = 1});
  valueOf(pool.with({.onProgress =
                         [](double, std::string_view) { throw std::runtime_error("no interest"); }})
              .deferToProcess<jobs::report>());
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::add>(1, 2)), 3);
  EXPECT_THAT(log_.str(), ::testing::HasSubstr("no interest"));
}

TEST_F(PoolJobsTest, AGibibyteGoesEitherWay) {
  auto& pool = makePool({.max = 1});
  constexpr std::size_t kGibibyte = std::size_t{1} << 30;
  {
    std::vector<std::byte> large(kGibibyte);
    large.back() = std::byte{7};
    EXPECT_EQ(valueOf(pool.deferToProcess<jobs::sum>(std::move(large))), 7U);
  }
  const auto result = valueOf(pool.deferToProcess<jobs::makeBytes>(kGibibyte));
  EXPECT_EQ(result.size(), kGibibyte);
  EXPECT_EQ(result.back(), std::byte{3});
}

TEST_F(PoolJobsTest, WhatAJobPrintsGoesToTheLogAndNowhereElse) {
  auto& pool = makePool({.max = 1});
  valueOf(pool.deferToProcess<jobs::printNoise>());
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::add>(1, 2)), 3);
  runUntil([&] {
    return log_.str().find("noise on stderr, line 999") != std::string::npos &&
           log_.str().find("noise on stdout, line 999") != std::string::npos;
  });
  EXPECT_THAT(log_.str(), ::testing::HasSubstr("[worker 1] noise on stdout, line 0"));
}

TEST_F(PoolJobsTest, ProgressReachesTheCaller) {
  auto& pool = makePool();
  std::vector<std::pair<double, std::string>> reports;
  valueOf(pool.with({.onProgress =
                         [&](double fraction, std::string_view note) {
                           reports.emplace_back(fraction, note);
                         }})
              .deferToProcess<jobs::report>());
  // Of reports that follow each other quickly only the last is sure to be heard.
  ASSERT_FALSE(reports.empty());
  EXPECT_THAT(reports.back(), ::testing::Pair(1.0, ""));
}

TEST_F(PoolJobsTest, TheLabelReachesTheJob) {
  auto& pool = makePool();
  EXPECT_EQ(valueOf(pool.with({.label = "wednesday"}).deferToProcess<jobs::myLabel>()),
            "wednesday");
}

TEST_F(PoolJobsTest, AWorkerHasItsOwnDescriptorsAndNoneOfTheMasters) {
  const int extra = ::open("/dev/null", O_RDONLY);  // not close-on-exec
  auto& pool = makePool();
  // 0 to 4 and 6 to 9 of the contract (the control page's is closed once mapped), and the worker's
  // own loop.
  const int few = valueOf(pool.deferToProcess<jobs::descriptorCount>());
  ::close(extra);
  EXPECT_LE(few, 12);
  const int extras[] = {::open("/dev/null", O_RDONLY), ::open("/dev/null", O_RDONLY)};
  auto& second = makePool();
  EXPECT_EQ(valueOf(second.deferToProcess<jobs::descriptorCount>()), few);
  for (int fd : extras) ::close(fd);
}

TEST_F(PoolJobsTest, TheLedgerIsBalancedInsideEveryCallback) {
  auto& pool = makePool({.max = 2});
  std::vector<Deferred<void>> all;
  int looks = 0;
  for (int i = 0; i < 50; ++i) {
    all.push_back(pool.deferToProcess<jobs::add>(i, i).addBoth([&](auto&&) {
      EXPECT_TRUE(pool.stats().balanced());
      ++looks;
    }));
    EXPECT_TRUE(pool.stats().balanced());
  }
  all.push_back(pool.deferToProcess<jobs::throwWool>("x").addBoth([&](auto&&) {
    EXPECT_TRUE(pool.stats().balanced());
    ++looks;
  }));
  valueOf(gatherResults(std::move(all)));
  EXPECT_EQ(looks, 51);
  EXPECT_EQ(pool.stats().succeeded, 50U);
  EXPECT_EQ(pool.stats().failed, 1U);
}

}  // namespace
}  // namespace phial
