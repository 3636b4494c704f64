// Short jobs travel together, and are as safe as those that travel alone.
#include <fcntl.h>
#include <kj/io.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <thread>

#include "batch_fixture.h"
#include "tests/support/process_stat.h"

namespace phial {
namespace {

using jobs::Deed;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_F(PoolBatchTest, ShortJobsTravelTogether) {
  auto& pool = makeLearnedPool();
  signalAll(SIGSTOP);
  submit(pool, std::vector<Deed>(10, Deed::note));
  runUntil([&] { return pool.stats().running == 10; });
  EXPECT_EQ(pool.stats().queued, 0U);
  signalAll(SIGCONT);
  awaitAll();
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_TRUE(succeeded(i)) << i;
    EXPECT_EQ(notesOf(i), 1) << i;
  }
}

TEST_F(PoolBatchTest, JobsThatMayRunOnlyOnceTravelAlone) {
  auto& pool = makeLearnedPool();
  signalAll(SIGSTOP);
  submit(pool, std::vector<Deed>(5, Deed::note), {.rerun = Rerun::never});
  runUntil([&] { return pool.stats().running == 1; });
  passTurns();
  EXPECT_EQ(pool.stats().running, 1U);
  signalAll(SIGCONT);
  awaitAll();
  EXPECT_EQ(pool.stats().failed, 0U);
}

TEST_F(PoolBatchTest, ACrashFailsTheJobThatRanAndNoOther) {
  auto& pool = makeLearnedPool();
  std::vector<Deed> deeds(10, Deed::note);
  deeds[5] = Deed::crash;
  submit(pool, deeds);
  awaitAll();
  for (std::size_t i = 0; i < deeds.size(); ++i) {
    if (i == 5) continue;
    EXPECT_TRUE(succeeded(i)) << i;
    EXPECT_EQ(notesOf(i), 1) << "what had ended before the crash was run again: " << i;
  }
  ASSERT_FALSE(succeeded(5));
  const Failure failure = told_->outcomes[5]->failure();
  ASSERT_TRUE(failure.check<WorkerDied>()) << failure.message();
  const auto& death = failure.as<WorkerDied>()->certificate();
  EXPECT_EQ(death.begun, DeathCertificate::Begun::yes);
  EXPECT_EQ(death.function, "jobs::perform");
  EXPECT_EQ(death.phase, Phase::running);
  EXPECT_EQ(pool.stats().deaths, 1U);
  // Those behind it, unless they were taken back from it first: a sanitizer dies slowly.
  EXPECT_LE(pool.stats().rerun, 4U);
}

TEST_F(PoolBatchTest, AQueueOfCrashingJobsTakesNoOtherWithIt) {
  auto& pool = makeLearnedPool({.restart = {.longestCrashPause = Duration::zero()}});
  std::vector<Deed> deeds(40, Deed::note);
  for (std::size_t i = 1; i < deeds.size(); i += 2) deeds[i] = Deed::crash;
  submit(pool, deeds);
  awaitAll();
  for (std::size_t i = 0; i < deeds.size(); ++i) {
    EXPECT_EQ(succeeded(i), deeds[i] == Deed::note) << i;
    EXPECT_EQ(notesOf(i), deeds[i] == Deed::note ? 1 : 0) << i;
  }
  EXPECT_EQ(pool.stats().deaths, 20U);
}

TEST_F(PoolBatchTest, WhatEndedBeforeALongJobDoesNotWaitForIt) {
  auto& pool = makeLearnedPool();
  std::vector<Deed> deeds(10, Deed::note);
  deeds[5] = Deed::wait;
  ASSERT_EQ(::mkfifo(pathOf(5).c_str(), 0600), 0);
  submit(pool, deeds);
  runUntil([&] { return told_->count == 5; });
  // Those behind it have been taken back.
  runUntil([&] { return pool.stats().queued == 4; });
  EXPECT_EQ(pool.stats().running, 1U);
  EXPECT_TRUE(pool.stats().balanced());
  letGo(pathOf(5));
  awaitAll();
  EXPECT_EQ(pool.stats().failed, 0U);
  for (std::size_t i = 6; i < 10; ++i) EXPECT_EQ(notesOf(i), 1) << i;
}

TEST_F(PoolBatchTest, AnObserverHearsOfEachJobThatIsTakenBack) {
  // Its events in order, by job: q d t s.
  struct Recorder : PoolObserver {
    void jobQueued(const JobReport& job) override { heard[job.id] += 'q'; }
    void jobDispatched(const JobReport& job) override { heard[job.id] += 'd'; }
    void jobTakenBack(const JobReport& job) override {
      heard[job.id] += 't';
      EXPECT_EQ(job.worker, 1U);
      EXPECT_FALSE(job.times.started);
    }
    void jobSettled(const JobReport& job) override { heard[job.id] += 's'; }
    std::map<std::uint64_t, std::string> heard;
  };
  auto& pool = makeLearnedPool();
  const auto recorder = std::make_shared<Recorder>();
  const auto observation = pool.observe(recorder);
  std::vector<Deed> deeds(10, Deed::note);
  deeds[5] = Deed::wait;
  ASSERT_EQ(::mkfifo(pathOf(5).c_str(), 0600), 0);
  submit(pool, deeds);
  runUntil([&] { return pool.stats().queued == 4 && pool.stats().running == 1; });
  letGo(pathOf(5));
  awaitAll();
  ASSERT_EQ(recorder->heard.size(), deeds.size());
  std::size_t job = 0;
  for (const auto& [id, events] : recorder->heard) {
    // On a slow machine a note may take long enough as well.
    EXPECT_THAT(events, ::testing::MatchesRegex(job++ > 5 ? "q(dt)+ds" : "q(dt)*ds")) << id;
  }
}

TEST_F(PoolBatchTest, NoShortJobWaitsForALongOneWhileAnotherWorkerIsFree) {
  auto& pool = makeLearnedPool({.max = 2});
  constexpr std::size_t kLong = 500;
  std::vector<Deed> deeds(1000, Deed::nothing);
  deeds[kLong] = Deed::wait;
  ASSERT_EQ(::mkfifo(pathOf(kLong).c_str(), 0600), 0);
  submit(pool, deeds);
  runUntil([&] { return told_->count == deeds.size() - 1; });
  EXPECT_FALSE(told_->outcomes[kLong]);
  letGo(pathOf(kLong));
  awaitAll();
  EXPECT_TRUE(succeeded(kLong));
}

TEST_F(PoolBatchTest, LargeResultsOfABatchArriveToo) {
  auto& pool = makeLearnedPool();
  std::vector<Deed> deeds(12, Deed::grow);
  deeds[4] = deeds[7] = Deed::nothing;
  submit(pool, deeds);
  awaitAll();
  for (std::size_t i = 0; i < deeds.size(); ++i) {
    ASSERT_TRUE(succeeded(i)) << i;
    EXPECT_EQ(told_->outcomes[i]->value().size(), deeds[i] == Deed::grow ? jobs::kGrown : 0U) << i;
  }
}

// What they enclose travels beside their messages, and must be met in its order.
TEST_F(PoolBatchTest, SharedArraysTravelInBatchesToo) {
#if defined(PHIAL_ADDRESS_SANITIZER) || defined(PHIAL_THREAD_SANITIZER)
  GTEST_SKIP() << "such jobs are too long there to be sent together";
#endif
  auto& pool = makePool({.min = 1, .max = 1});
  valueOf(pool.start());
  const auto submitOne = [&](int number, std::size_t characters) {
    const int numbers[] = {number};
    return pool.deferToProcess<jobs::wrap>(SharedArray<int>::copyOf(numbers), characters);
  };
  learn(pool, [&] { return submitOne(0, 0); });
  constexpr int kJobs = 30;
  using Wrapped = std::pair<SharedArray<int>, std::string>;
  std::vector<Deferred<Wrapped>> jobs;
  for (int i = 0; i < kJobs; ++i) {
    const std::size_t characters = i % 7 == 3 ? jobs::kGrown : 10;
    jobs.push_back(submitOne(i, characters));
    if (i % 5 == 4) jobs.back().cancel();
  }
  for (int i = 0; i < kJobs; ++i) {
    auto outcome = await(std::move(jobs[static_cast<std::size_t>(i)]));
    ASSERT_EQ(outcome.ok(), i % 5 != 4) << i;
    if (outcome.ok()) {
      EXPECT_EQ(outcome.value().first[0], i);
    }
  }
  EXPECT_EQ(pool.stats().deaths, 0U);
}

TEST_F(PoolBatchTest, AJobThatCannotBeWrittenFailsAlone) {
  auto& pool = makePool({.min = 1, .max = 1});
  valueOf(pool.start());
  learn(pool, [&] { return pool.deferToProcess<jobs::welcome>(jobs::Fickle{false}); });
  std::vector<Deferred<bool>> jobs;
  for (int i = 0; i < 9; ++i) {
    jobs.push_back(pool.deferToProcess<jobs::welcome>(jobs::Fickle{i % 3 == 1}));
  }
  for (int i = 0; i < 9; ++i) {
    auto outcome = await(std::move(jobs[static_cast<std::size_t>(i)]));
    EXPECT_EQ(outcome.ok(), i % 3 != 1) << i;
    if (!outcome.ok()) {
      EXPECT_TRUE(outcome.failure().check<EncodingError>());
    }
  }
  EXPECT_EQ(pool.stats().deaths, 0U);
}

TEST_F(PoolBatchTest, AJobOfABatchThatIsCancelledBeforeItsTurnDoesNotRun) {
  auto& pool = makeLearnedPool();
  signalAll(SIGSTOP);
  submit(pool, std::vector<Deed>(5, Deed::note));
  auto doomed = pool.deferToProcess<jobs::perform>(Deed::note, pathOf(77));
  runUntil([&] { return pool.stats().running == 6; });
  doomed.cancel();
  EXPECT_TRUE(failureOf(std::move(doomed)).check<CancelledError>());
  signalAll(SIGCONT);
  awaitAll();
  EXPECT_EQ(pool.stats().failed, 0U);
  EXPECT_EQ(notesOf(77), 0);
}

TEST_F(PoolBatchTest, AJobOfABatchThatRunsTooLongIsTheOnlyOneToTimeOut) {
  auto& pool = makeLearnedPool();
  std::vector<Deed> deeds(8, Deed::note);
  deeds[4] = Deed::wait;
  ASSERT_EQ(::mkfifo(pathOf(4).c_str(), 0600), 0);
  submit(pool, deeds, {.timeout = milliseconds(300)});
  awaitAll();
  for (std::size_t i = 0; i < deeds.size(); ++i) {
    EXPECT_EQ(succeeded(i), i != 4) << i;
    if (i != 4) {
      EXPECT_EQ(notesOf(i), 1) << i;
    }
  }
  EXPECT_TRUE(told_->outcomes[4]->failure().check<JobTimedOut>());
}

TEST_F(PoolBatchTest, ABatchThatIsNotTakenUpRunsElsewhere) {
  auto& pool = makeLearnedPool({.startTimeout = seconds(7)}, &clock_);
  signalAll(SIGSTOP);
  submit(pool, std::vector<Deed>(10, Deed::note));
  runUntil([&] { return pool.stats().running == 10; });
  // The first look finds that something was sent since the last.
  clock_.advance(seconds(8));
  clock_.advance(seconds(8));
  awaitAll();
  EXPECT_EQ(pool.stats().failed, 0U);
  EXPECT_EQ(pool.stats().deaths, 1U);
  for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(notesOf(i), 1) << i;
}

TEST_F(PoolBatchTest, AWorkerServesNoMoreThanItsNumberOfJobs) {
  constexpr std::size_t kNumber = 10;
  auto& pool = makePool({.min = 1, .max = 1, .recycleAfter = kNumber});
  std::vector<Deferred<pid_t>> jobs;
  for (int i = 0; i < 65; ++i) jobs.push_back(pool.deferToProcess<jobs::whoAmI>());
  std::map<pid_t, std::size_t> served;
  for (const pid_t pid : valueOf(gatherResults(std::move(jobs)))) ++served[pid];
  EXPECT_GE(served.size(), 7U);
  for (const auto& [pid, number] : served) EXPECT_LE(number, kNumber) << pid;
}

TEST_F(PoolBatchTest, StopFailsWhatHasNotBegunAndTellsTheRest) {
  auto& pool = makeLearnedPool();
  std::vector<Deed> deeds(10, Deed::note);
  deeds[5] = Deed::wait;
  ASSERT_EQ(::mkfifo(pathOf(5).c_str(), 0600), 0);
  submit(pool, deeds);
  runUntil([&] { return told_->count == 5; });
  auto stopped = pool.stop();
  letGo(pathOf(5));
  valueOf(std::move(stopped));
  EXPECT_EQ(told_->count, deeds.size());
  EXPECT_TRUE(succeeded(5));
  for (std::size_t i = 6; i < deeds.size(); ++i) {
    if (succeeded(i)) continue;
    EXPECT_TRUE(told_->outcomes[i]->failure().check<PoolStopped>());
    EXPECT_EQ(notesOf(i), 0) << i;
  }
}

TEST_F(PoolBatchTest, AWorkerThatSpoilsItsResultsHarmsOnlyItself) {
  auto& pool = makeLearnedPool();
  std::vector<Deed> deeds(10, Deed::nothing);
  deeds[5] = Deed::damage;
  deeds[9] = Deed::note;
  ASSERT_EQ(::mkfifo(pathOf(9).c_str(), 0600), 0);
  // Open at both ends, so that the job never waits, however often it runs.
  const kj::AutoCloseFd notes(::open(pathOf(9).c_str(), O_RDWR | O_CLOEXEC));
  const pid_t worker = pool.workers().at(0).pid;
  signalAll(SIGSTOP);
  submit(pool, deeds);
  runUntil([&] { return pool.stats().running == deeds.size(); });
  signalAll(SIGCONT);
  // The loop looks only when all of them have ended: the last was at work, and the worker waits.
  char note = 0;
  ASSERT_EQ(::read(notes, &note, 1), 1);
  while (statOf(worker)->state != 'S') std::this_thread::yield();
  awaitAll();
  for (std::size_t i = 0; i < deeds.size(); ++i) EXPECT_TRUE(succeeded(i)) << i;
  EXPECT_EQ(pool.stats().deaths, 1U) << "alone, the spoiler has nothing to spoil";
  EXPECT_THAT(log_.str(), ::testing::HasSubstr("result outside of the memory for results"));
}

}  // namespace
}  // namespace phial
