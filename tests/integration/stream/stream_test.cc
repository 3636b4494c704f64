// Streams that go as they should, and their consumers.
#include <numeric>

#include "stream_fixture.h"

namespace phial {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(StreamTest, GivesEachItemInOrderAndThenNothing) {
  auto stream = makePool().stream<stream_jobs::count>(3);
  EXPECT_EQ(valueOf(stream.next()), 0);
  EXPECT_EQ(valueOf(stream.next()), 1);
  EXPECT_EQ(valueOf(stream.next()), 2);
  EXPECT_EQ(valueOf(stream.next()), std::nullopt);
  EXPECT_EQ(valueOf(stream.next()), std::nullopt) << "asked again";
  EXPECT_EQ(pool_->stats().succeeded, 1u);
}

TEST_F(StreamTest, ManyItemsComeInOrderThroughAMemoryThatIsUsedAgainAndAgain) {
  constexpr int kItems = 200'000;
  auto stream = makePool().stream<stream_jobs::count>(kItems);
  const auto read = readAll(stream);
  std::vector<int> expected(kItems);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(read.items, expected);
  EXPECT_FALSE(read.failure);
}

TEST_F(StreamTest, AnEmptyStreamEndsAtOnce) {
  auto stream = makePool().stream<stream_jobs::nothing>();
  EXPECT_THAT(all(stream), IsEmpty());
}

TEST_F(StreamTest, ItemsOfAnyTypeTravel) {
  const std::vector<std::string> names = {"a", "", "c"};
  auto stream = makePool().stream<stream_jobs::tiles>(names);
  const std::vector<double> pixels(3, 0.5);
  EXPECT_THAT(all(stream),
              ElementsAre(stream_jobs::Tile{"a", pixels}, stream_jobs::Tile{"", pixels},
                          stream_jobs::Tile{"c", pixels}));
}

TEST_F(StreamTest, AnItemMayBeLargerThanTheMemoryForItems) {
  constexpr std::size_t kBytes = std::size_t{5} << 20;
  auto stream = makePool().stream<stream_jobs::texts>(kBytes, 3);
  const auto items = all(stream);
  ASSERT_THAT(items, SizeIs(3));
  EXPECT_EQ(items[0], std::string(kBytes, 'a'));
  EXPECT_EQ(items[2], std::string(kBytes, 'c'));
}

TEST_F(StreamTest, AnItemOfManyValuesIsReadInPieces) {
  constexpr int kStrings = 300'000;
  auto& pool = makePool({.max = 1});
  auto stream = pool.stream<stream_jobs::manyStrings>(kStrings);
  auto first = stream.next();
  const auto strings = valueOf(std::move(first));
  ASSERT_TRUE(strings);
  EXPECT_THAT(*strings, SizeIs(kStrings));
  EXPECT_EQ(strings->back(), "a string of some length");
  EXPECT_THAT(all(stream), ElementsAre(ElementsAre("last")));
}

TEST_F(StreamTest, ANextThatIsGivenUpInTheMiddleOfALargeItemLeavesTheItemToTheNextOne) {
  constexpr int kStrings = 300'000;
  auto& pool = makePool({.max = 1});
  auto stream = pool.stream<stream_jobs::manyStrings>(kStrings);
  auto given = stream.next();
  for (int i = 0; i < 30; ++i) valueOf(deferLater(*reactor_, Duration::zero(), [] {}));
  given.cancel();
  const auto items = all(stream);
  if (given.called() && await(std::move(given)).ok()) return;  // it had been quicker
  ASSERT_THAT(items, SizeIs(2));
  EXPECT_THAT(items[0], SizeIs(kStrings));
}

TEST_F(StreamTest, ItemsOfEverySizeAroundTheMemorysSizeComeWhole) {
  auto& pool = makePool({.max = 1});
  for (const std::size_t bytes : {65'500u, 65'536u, 262'100u, 262'120u, 262'144u, 262'200u}) {
    auto stream = pool.stream<stream_jobs::texts>(bytes, 5);
    EXPECT_EQ(all(stream).at(4), std::string(bytes, 'e')) << bytes;
  }
}

TEST_F(StreamTest, AnItemIsThereBeforeTheFunctionGoesOn) {
  const auto path = makeFifo("gate");
  auto stream = makePool().stream<stream_jobs::countAndWait>(1, path);
  EXPECT_EQ(valueOf(stream.next()), 0) << "the function waits for the test";
  letGo(path);
  EXPECT_EQ(valueOf(stream.next()), 1);
}

TEST_F(StreamTest, ForEachCallsWithEachItem) {
  std::vector<int> items;
  valueOf(makePool().stream<stream_jobs::count>(1000).forEach([&](int i) { items.push_back(i); }));
  EXPECT_THAT(items, SizeIs(1000));
  EXPECT_EQ(items.back(), 999);
}

TEST_F(StreamTest, ForEachWaitsForTheDeferredOfItsCallback) {
  int under = 0;
  int most = 0;
  valueOf(makePool().stream<stream_jobs::count>(5).forEach([&](int) {
    most = std::max(most, ++under);
    return deferLater(*reactor_, Duration::zero(), [&] { --under; });
  }));
  EXPECT_EQ(most, 1);
  EXPECT_EQ(under, 0);
}

TEST_F(StreamTest, ACallbackThatThrowsEndsForEachAndTheJob) {
  auto& pool = makePool({.max = 1});
  const auto path = directory_ + "/said";
  const auto failure = failureOf(pool.stream<stream_jobs::countForEver>(path).forEach(
      [](std::uint64_t) { throw std::domain_error("enough"); }));
  EXPECT_TRUE(failure.check<std::domain_error>());
  EXPECT_THAT(contentOf(path), HasSubstr("cancelled"));
  EXPECT_EQ(pool.stats().cancelled, 1u);
}

TEST_F(StreamTest, CancellingForEachCancelsTheJob) {
  auto& pool = makePool({.max = 1});
  const auto path = directory_ + "/said";
  bool called = false;
  auto done = pool.stream<stream_jobs::countForEver>(path).forEach([&](std::uint64_t) {
    called = true;
    return newDeferred<void>().deferred;
  });
  runUntil([&] { return called; });
  done.cancel();
  EXPECT_TRUE(failureOf(std::move(done)).check<CancelledError>());
  EXPECT_THAT(contentOf(path), HasSubstr("cancelled"));
}

TEST_F(StreamTest, ASecondNextFailsAndTheFirstGoesOn) {
  const auto path = makeFifo("gate");
  auto stream = makePool().stream<stream_jobs::countAndWait>(0, path);
  auto first = stream.next();
  EXPECT_TRUE(failureOf(stream.next()).check<std::logic_error>());
  letGo(path);
  EXPECT_EQ(valueOf(std::move(first)), 0);
}

TEST_F(StreamTest, CancellingANextGivesUpTheWaitAndNotTheItem) {
  const auto path = makeFifo("gate");
  auto stream = makePool().stream<stream_jobs::countAndWait>(0, path);
  auto given = stream.next();
  given.cancel();
  EXPECT_TRUE(failureOf(std::move(given)).check<CancelledError>());
  letGo(path);
  EXPECT_THAT(all(stream), ElementsAre(0));
}

TEST_F(StreamTest, OptionsAreThoseOfAJob) {
  auto& pool = makePool();
  const Submitter& submitter = pool;
  auto stream = submitter.with({.label = "numbers"}).stream<stream_jobs::count>(2);
  EXPECT_THAT(all(stream), ElementsAre(0, 1));
  auto unfit = pool.with(JobOptions{.timeout = Duration(-1)}).stream<stream_jobs::count>(2);
  EXPECT_TRUE(failureOf(unfit.next()).check<std::invalid_argument>());
}

TEST_F(StreamTest, AStreamRunsOnALease) {
  auto& pool = makePool({.max = 2});
  const Lease lease = valueOf(pool.lease());
  auto stream = lease.stream<stream_jobs::numbered>(2);
  const auto items = all(stream);
  ASSERT_THAT(items, SizeIs(3));
  EXPECT_EQ(items[0], valueOf(lease.deferToProcess<jobs::whoAmI>()));
}

TEST_F(StreamTest, StreamsAndShortJobsShareAPool) {
  auto& pool = makePool({.max = 2});
  std::vector<Deferred<int>> sums;
  std::vector<Stream<int>> streams;
  for (int i = 0; i < 200; ++i) {
    sums.push_back(pool.deferToProcess<jobs::add>(i, 1));
    if (i % 20 == 0) streams.push_back(pool.stream<stream_jobs::count>(i));
  }
  for (auto& stream : streams) all(stream);
  const auto results = valueOf(gatherResults(std::move(sums)));
  EXPECT_EQ(results.back(), 200);
  EXPECT_EQ(pool.stats().succeeded, 210u);
}

TEST_F(StreamTest, AnArgumentThatDoesNotFitFailsNext) {
  auto stream = makePool().stream<stream_jobs::count>(std::int64_t{1} << 40);
  EXPECT_TRUE(failureOf(stream.next()).check<EncodingError>());
}

TEST_F(StreamTest, ALargeArgumentTravelsToo) {
  const std::vector<std::string> names(100'000, "tile");
  auto stream = makePool().stream<stream_jobs::tiles>(names);
  const auto first = valueOf(stream.next());
  ASSERT_TRUE(first);
  EXPECT_EQ(first->name, "tile");
  EXPECT_THAT(first->pixels, SizeIs(100'000));
}

}  // namespace
}  // namespace phial
