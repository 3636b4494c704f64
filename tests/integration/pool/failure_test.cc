// What a failure says of itself: what was thrown where, and whether the function was entered.
#include <signal.h>

#include <system_error>

#include "failure_jobs.h"
#include "pool_fixture.h"

namespace phial {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

using PoolFailureTest = PoolTest;

Deferred<std::string> catchAround(Deferred<int> job) {
  try {
    co_await std::move(job);
  } catch (const std::invalid_argument& error) {
    co_return std::string("invalid argument: ") + error.what();
  } catch (const std::system_error& error) {
    co_return error.code() == std::errc::no_such_file_or_directory ? error.what() : "another code";
  } catch (const CancelledError&) {
    co_return "Phial's own";
  } catch (const RemoteError& error) {
    co_return error.types().front();
  }
  co_return "nothing";
}

TEST_F(PoolFailureTest, AStandardExceptionIsCaughtAsItselfAroundACoAwait) {
  auto& pool = makePool();
  EXPECT_EQ(valueOf(catchAround(pool.deferToProcess<failure_jobs::invalidArgument>("-1"))),
            "invalid argument: -1");
  EXPECT_EQ(valueOf(catchAround(pool.deferToProcess<failure_jobs::noSuchFile>("cannot open x"))),
            std::system_error(ENOENT, std::generic_category(), "cannot open x").what());
  EXPECT_EQ(valueOf(catchAround(pool.deferToProcess<failure_jobs::cancelledError>("by me"))),
            "phial::CancelledError");
}

TEST_F(PoolFailureTest, ASystemErrorBringsItsCode) {
  auto& pool = makePool();
  const Failure failure = failureOf(pool.deferToProcess<failure_jobs::noSuchFile>("cannot open x"));
  const auto* error = failure.as<std::system_error>();
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(error->code(), std::errc::no_such_file_or_directory);
  EXPECT_THAT(failure.traceback(), HasSubstr("phial_pool_integration_test"));
}

TEST_F(PoolFailureTest, AnErrorOfPhialsThatAJobThrowsIsNotPhials) {
  auto& pool = makePool();
  const Failure cancelled = failureOf(pool.deferToProcess<failure_jobs::cancelledError>("by me"));
  EXPECT_TRUE(cancelled.fromJob());
  EXPECT_EQ(cancelled.kind(), FailureKind::raised);
  EXPECT_FALSE(cancelled.check<CancelledError>());
  EXPECT_TRUE(cancelled.check("phial::CancelledError"));
  const Failure full = failureOf(pool.deferToProcess<failure_jobs::queueFull>("my queue"));
  EXPECT_TRUE(full.fromJob());
  EXPECT_EQ(full.kind(), FailureKind::raised);
  EXPECT_FALSE(full.check<QueueFull>());
  EXPECT_TRUE(full.mayHaveRun());
  EXPECT_EQ(pool.stats().failed, 2U);
  EXPECT_EQ(pool.stats().cancelled, 0U);
}

TEST_F(PoolFailureTest, AnExceptionWithoutATextFailsItsJobAlone) {
  auto& pool = makePool();
  const Failure failure = failureOf(pool.deferToProcess<failure_jobs::nullWhat>());
  EXPECT_TRUE(failure.fromJob());
  EXPECT_THAT(failure.message(), HasSubstr("exception of type "));
  EXPECT_EQ(pool.stats().deaths, 0U);
}

TEST_F(PoolFailureTest, AJobThatEndsItsThreadIsADeathThatSaysSo) {
  auto& pool = makePool({.max = 1});
  const Failure failure = failureOf(pool.deferToProcess<failure_jobs::endOfThread>());
  EXPECT_EQ(failure.kind(), FailureKind::crashed);
  ASSERT_NE(failure.certificate(), nullptr);
  EXPECT_THAT(failure.certificate()->stderrTail, Contains(HasSubstr("pthread_exit")));
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::add>(1, 2)), 3);
}

TEST_F(PoolFailureTest, ACrashAndATimeLimitBringTheCertificate) {
  auto& pool = makePool({.max = 1, .timeout = std::chrono::seconds(10)}, &clock_);
  const Failure crash = failureOf(pool.deferToProcess<jobs::dieOf>(SIGSEGV));
  EXPECT_EQ(crash.kind(), FailureKind::crashed);
  EXPECT_FALSE(crash.fromJob());
  EXPECT_TRUE(crash.mayHaveRun());
  ASSERT_NE(crash.certificate(), nullptr);
  EXPECT_EQ(crash.certificate()->job, 1U);
  const std::string path = makeFifo("hangs");
  auto job = pool.deferToProcess<jobs::announceAndHang>(path);
  awaitAnnouncement(path);
  clock_.advance(std::chrono::seconds(11));
  const Failure late = failureOf(std::move(job));
  EXPECT_EQ(late.kind(), FailureKind::timedOut);
  EXPECT_TRUE(late.check<TimeLimit>());
  ASSERT_NE(late.certificate(), nullptr);
  EXPECT_EQ(late.certificate()->job, 2U);
}

TEST_F(PoolFailureTest, WhatWasRefusedHasNeverRun) {
  auto& pool = makePool({.max = 1});
  const Failure unknown = failureOf(pool.deferToProcess<int>("jobs::subtract", 1, 2));
  EXPECT_EQ(unknown.kind(), FailureKind::refused);
  EXPECT_FALSE(unknown.mayHaveRun());
  const Failure arguments = failureOf(pool.deferToProcess<int>("jobs::add", "three", 4));
  EXPECT_EQ(arguments.kind(), FailureKind::refused);
  EXPECT_FALSE(arguments.fromJob());
  EXPECT_FALSE(arguments.mayHaveRun());
  const Failure result = failureOf(pool.deferToProcess<std::string>("jobs::add", 3, 4));
  EXPECT_EQ(result.kind(), FailureKind::refused);
  EXPECT_TRUE(result.mayHaveRun()) << "the function has returned";
}

TEST_F(PoolFailureTest, OnlyTheJobThatWasBegunMayHaveRunWhenItIsCancelled) {
  auto& pool = makePool({.max = 1});
  const std::string path = makeFifo("hangs");
  auto running = pool.deferToProcess<jobs::announceAndHang>(path);
  auto queued = pool.deferToProcess<jobs::add>(1, 2);
  awaitAnnouncement(path);
  queued.cancel();
  running.cancel();
  const Failure ofQueued = failureOf(std::move(queued));
  EXPECT_TRUE(ofQueued.check<CancelledError>());
  EXPECT_EQ(ofQueued.kind(), FailureKind::cancelled);
  EXPECT_FALSE(ofQueued.mayHaveRun());
  const Failure ofRunning = failureOf(std::move(running));
  EXPECT_EQ(ofRunning.kind(), FailureKind::cancelled);
  EXPECT_TRUE(ofRunning.mayHaveRun());
}

TEST_F(PoolFailureTest, OnlyTheJobThatWasBegunMayHaveRunWhenThePoolStops) {
  auto& pool = makePool({.max = 1});
  const std::string path = makeFifo("hangs");
  auto running = pool.deferToProcess<jobs::announceAndHang>(path);
  auto queued = pool.deferToProcess<jobs::add>(1, 2);
  awaitAnnouncement(path);
  pool.stop({.within = Duration::zero()});
  const Failure ofQueued = failureOf(std::move(queued));
  EXPECT_EQ(ofQueued.kind(), FailureKind::unavailable);
  EXPECT_FALSE(ofQueued.mayHaveRun());
  const Failure ofRunning = failureOf(std::move(running));
  EXPECT_EQ(ofRunning.kind(), FailureKind::unavailable);
  EXPECT_TRUE(ofRunning.mayHaveRun());
  const Failure after = failureOf(pool.deferToProcess<jobs::add>(1, 2));
  EXPECT_EQ(after.kind(), FailureKind::unavailable);
  EXPECT_FALSE(after.mayHaveRun());
}

}  // namespace
}  // namespace phial
