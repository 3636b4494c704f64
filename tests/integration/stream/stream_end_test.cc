// How streams end other than by their function's return, and consumers that do not consume.
#include "stream_fixture.h"

namespace phial {
namespace {

using std::chrono::hours;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// What fits into the memory for items, and what one reading takes out of it.
constexpr std::size_t kMostWaiting = (std::size_t{256} << 10) / 32 * 2;

TEST_F(StreamTest, WhatTheFunctionThrowsComesAfterItsItems) {
  auto stream = makePool().stream<stream_jobs::countAndThrow>(3);
  const auto read = readAll(stream);
  EXPECT_THAT(read.items, ElementsAre(0, 1, 2));
  EXPECT_TRUE(read.failure && read.failure->check<std::out_of_range>());
  EXPECT_TRUE(failureOf(stream.next()).check<std::out_of_range>()) << "asked again";
}

TEST_F(StreamTest, AWorkersDeathComesAfterTheItemsThatHadArrived) {
  auto& pool = makePool();
  auto stream = pool.stream<stream_jobs::countAndDie>(1000, SIGKILL);
  const auto read = readAll(stream);
  EXPECT_THAT(read.items, SizeIs(1000));
  ASSERT_TRUE(read.failure && read.failure->check<WorkerDied>());
  ASSERT_NE(read.failure->certificate(), nullptr);
  EXPECT_THAT(read.failure->certificate()->function, HasSubstr("countAndDie"));
  EXPECT_EQ(read.failure->certificate()->begun, DeathCertificate::Begun::yes);
  EXPECT_TRUE(pool.stats().balanced());
}

TEST_F(StreamTest, AWorkerThatIsKilledInMidStreamLeavesWhatItHadEmitted) {
  auto& pool = makePool({.max = 1});
  auto stream = pool.stream<stream_jobs::countForEver>(directory_ + "/said");
  EXPECT_EQ(valueOf(stream.next()), 0u);
  awaitSleep();
  ::kill(pool.workers().front().pid, SIGKILL);
  const auto read = readAll(stream);
  ASSERT_TRUE(read.failure && read.failure->check<WorkerDied>());
  ASSERT_GT(read.items.size(), 1000u);
  for (std::size_t i = 0; i < read.items.size(); ++i) ASSERT_EQ(read.items[i], i + 1);
  auto next = pool.stream<stream_jobs::count>(2);
  EXPECT_THAT(all(next), ElementsAre(0, 1)) << "the pool goes on";
}

TEST_F(StreamTest, HalfAnItemIsNone) {
  auto stream = makePool().stream<stream_jobs::dieInALargeItem>();
  runUntil([&] { return pool_->stats().failed == 1; });
  const auto read = readAll(stream);
  EXPECT_THAT(read.items, ElementsAre("whole"));
  EXPECT_TRUE(read.failure && read.failure->check<WorkerDied>());
}

TEST_F(StreamTest, AJobWhoseItemsHaveArrivedIsNotRunAgain) {
  auto& pool = makePool();
  auto stream = pool.with({.rerun = Rerun::always}).stream<stream_jobs::countAndDie>(3, SIGKILL);
  const auto read = readAll(stream);
  EXPECT_THAT(read.items, ElementsAre(0, 1, 2));
  EXPECT_TRUE(read.failure && read.failure->check<WorkerDied>());
  EXPECT_EQ(pool.stats().rerun, 0u);
}

TEST_F(StreamTest, AJobThatDiesBeforeItsFirstItemRunsAgainIfItMay) {
  auto& pool = makePool();
  auto stream = pool.with({.rerun = Rerun::always})
                    .stream<stream_jobs::dieOnceAndCount>(directory_ + "/once", 3);
  EXPECT_THAT(all(stream), ElementsAre(0, 1, 2));
  EXPECT_EQ(pool.stats().rerun, 1u);
}

TEST_F(StreamTest, AConsumerThatNeverReadsHoldsOnlyItsWorker) {
  auto& pool = makePool({.max = 1});
  const auto path = directory_ + "/said";
  {
    auto stream = pool.stream<stream_jobs::countForEver>(path);
    EXPECT_EQ(valueOf(stream.next()), 0u);
    awaitSleep();
  }
  std::istringstream said(contentOf(path));
  std::uint64_t emitted = 0;
  said >> emitted;
  EXPECT_GT(emitted, 1000u);
  EXPECT_LT(emitted, kMostWaiting);
  EXPECT_THAT(said.str(), HasSubstr("cancelled while it waited"));
  EXPECT_EQ(pool.stats().cancelled, 1u);
}

TEST_F(StreamTest, AStreamThatIsNeverAskedIsBoundedToo) {
  auto& pool = makePool({.max = 1});
  const auto path = directory_ + "/said";
  auto stream = pool.stream<stream_jobs::countForEver>(path);
  runUntil([&] { return pool.stats().running == 1 && pool.workers().front().pid != 0; });
  awaitSleep();
  stream.cancel();
  EXPECT_TRUE(failureOf(stream.next()).check<CancelledError>());
  EXPECT_THAT(contentOf(path), HasSubstr("cancelled"));
}

TEST_F(StreamTest, StopEndsWithinItsBoundAlthoughNobodyReads) {
  auto& pool = makePool({.max = 1}, &clock_);
  auto stream = pool.stream<stream_jobs::countForEver>(directory_ + "/said");
  EXPECT_EQ(valueOf(stream.next()), 0u);
  awaitSleep();
  auto stopped = pool.stop({.within = hours(1)});
  passTurns();
  EXPECT_FALSE(stopped.called()) << "the job runs";
  clock_.advance(hours(1));
  valueOf(std::move(stopped));
  const auto read = readAll(stream);
  EXPECT_GT(read.items.size(), 1000u) << "what had arrived";
  EXPECT_TRUE(read.failure && read.failure->check<PoolStopped>()) << read.failure->describe();
}

TEST_F(StreamTest, StopWaitsForAStreamThatIsRead) {
  auto& pool = makePool({.max = 1});
  auto stream = pool.stream<stream_jobs::count>(100'000);
  EXPECT_EQ(valueOf(stream.next()), 0);
  auto stopped = pool.stop();
  EXPECT_THAT(all(stream), SizeIs(99'999));
  valueOf(std::move(stopped));
}

TEST_F(StreamTest, DroppingAStreamThatIsQueuedTakesItsJobBack) {
  const auto path = makeFifo("gate");
  auto& pool = makePool({.max = 1});
  auto before = pool.deferToProcess<jobs::waitFor>(path);
  {
    auto stream = pool.stream<stream_jobs::countForEver>(directory_ + "/said");
  }
  EXPECT_EQ(pool.stats().cancelled, 1u);
  letGo(path);
  valueOf(std::move(before));
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/said"));
}

TEST_F(StreamTest, ANextThatWaitsFailsWhenItsStreamIsDropped) {
  auto& pool = makePool();
  auto stream =
      std::make_unique<Stream<int>>(pool.stream<stream_jobs::countAndWait>(0, makeFifo("gate")));
  auto waiting = stream->next();
  stream.reset();
  EXPECT_TRUE(failureOf(std::move(waiting)).check<CancelledError>());
}

TEST_F(StreamTest, AStreamOutlivesItsPool) {
  auto& pool = makePool();
  const auto path = makeFifo("gate");
  auto stream = pool.stream<stream_jobs::countAndWait>(2, path);
  EXPECT_EQ(valueOf(stream.next()), 0);
  awaitSleep();  // in the FIFO, with both items emitted
  auto left = pool.stream<stream_jobs::count>(2);
  const Submitter submitter = pool;
  pool_.reset();
  const auto read = readAll(stream);
  EXPECT_THAT(read.items, ElementsAre(1));
  EXPECT_TRUE(read.failure && read.failure->check<PoolStopped>());
  auto late = submitter.stream<stream_jobs::count>(1);
  EXPECT_TRUE(failureOf(late.next()).check<PoolStopped>());
}

TEST_F(StreamTest, AConsumerMayDestroyThePoolOrDropTheStream) {
  makePool();
  std::optional<Stream<int>> stream = pool_->stream<stream_jobs::count>(100'000);
  std::optional<Failure> failure;
  bool done = false;
  stream->next().addCallback([&](std::optional<int>) { pool_.reset(); }).addBoth([&](auto&&) {
    stream.reset();
    done = true;
  });
  runUntil([&] { return done; });
  EXPECT_FALSE(pool_);
}

TEST_F(StreamTest, ATimeoutCountsTheTimeThatEmitWaits) {
  auto& pool = makePool({.max = 1}, &clock_);
  auto stream =
      pool.with({.timeout = hours(1)}).stream<stream_jobs::countForEver>(directory_ + "/said");
  EXPECT_EQ(valueOf(stream.next()), 0u);
  awaitSleep();
  runUntil([&] {
    clock_.advance(hours(1));
    return pool.stats().failed == 1;
  });
  const auto read = readAll(stream);
  EXPECT_GT(read.items.size(), 1000u);
  EXPECT_TRUE(read.failure && read.failure->check<JobTimedOut>()) << read.failure->describe();
}

TEST_F(StreamTest, ADeadlineEndsAStreamWhoseItemsHaveArrived) {
  auto& pool = makePool({.max = 1}, &clock_);
  const auto path = directory_ + "/said";
  auto stream =
      pool.with({.deadline = clock_.now() + hours(1)}).stream<stream_jobs::countForEver>(path);
  EXPECT_EQ(valueOf(stream.next()), 0u);
  awaitSleep();
  clock_.advance(hours(1));
  const auto read = readAll(stream);
  EXPECT_GT(read.items.size(), 1000u);
  EXPECT_TRUE(read.failure && read.failure->check<DeadlineExceeded>());
  EXPECT_THAT(contentOf(path), HasSubstr("cancelled"));
}

TEST_F(StreamTest, AfterASoftTimeoutAFunctionMayReturn) {
  auto& pool = makePool({.max = 1, .grace = hours(10)}, &clock_);
  auto stream = pool.with({.softTimeout = hours(1)}).stream<stream_jobs::countWhileWanted>();
  EXPECT_EQ(valueOf(stream.next()), 1);
  clock_.advance(hours(2));
  EXPECT_EQ(valueOf(stream.next()), std::nullopt);
}

TEST_F(StreamTest, WrongUseOfEmitIsALogicError) {
  auto& pool = makePool({.max = 1});
  auto fromThread = pool.stream<stream_jobs::emitFromThread>();
  EXPECT_THAT(all(fromThread), ElementsAre("1", HasSubstr("another thread")));
  auto inChild = pool.stream<stream_jobs::emitInChild>();
  EXPECT_THAT(all(inChild), ElementsAre("1", HasSubstr("forked")));
  auto keep = pool.stream<stream_jobs::keep>();
  EXPECT_THAT(all(keep), ElementsAre("kept"));
  EXPECT_THAT(valueOf(pool.deferToProcess<stream_jobs::useKept>()), HasSubstr("after the job"));
}

TEST_F(StreamTest, AnItemThatDoesNotTravelFailsAtEmitAndLeavesTheOthers) {
  auto& pool = makePool({.maxMessageBytes = std::uint64_t{1} << 20});
  auto large = pool.stream<stream_jobs::emitTooMuch>(std::size_t{2} << 20);
  EXPECT_THAT(all(large), ElementsAre("1", HasSubstr("limit for a message")));
  auto unwritable = pool.stream<stream_jobs::emitUnwritable>();
  const auto items = all(unwritable);
  ASSERT_THAT(items, SizeIs(2));
  EXPECT_EQ(items[1].number, 3);
}

TEST_F(StreamTest, AFunctionThatEmitsCannotBeCalledByName) {
  auto& pool = makePool();
  auto stream = pool.stream<stream_jobs::count>(0);
  EXPECT_THAT(all(stream), IsEmpty());
  const auto failure = failureOf(pool.call("stream_jobs::count", {3}));
  EXPECT_TRUE(failure.check<EncodingError>()) << failure.describe();
  EXPECT_THAT(failure.message(), HasSubstr("stream<f>"));
}

}  // namespace
}  // namespace phial
