// The pool's conductor with workers that are no processes: each event is told by the test, and time
// stands still unless the test moves it.
#include "master/pool/pool_core.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/master/errors.h>

#include <csignal>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "tests/support/fake_worker.h"
#include "tests/support/lone_job.h"

namespace phial::detail {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const FunctionName kUnknownFunction{"unknown", "void ()"};

class ConductorTest : public ::testing::Test {
 protected:
  explicit ConductorTest(PoolOptions options = {.min = 1, .max = 2}) : options_(options) {
    options_.onLog = [](const LogRecord&) {};
  }
  ~ConductorTest() override {
    const PoolStats stats = pool().stats();
    EXPECT_EQ(stats.submitted,
              stats.succeeded + stats.failed + stats.cancelled + stats.queued + stats.running);
    core_->close();
    for (const auto& end : ends_) EXPECT_TRUE(end.has_value()) << "a job has not settled";
  }

  PoolCore& pool() {
    if (!core_) {
      core_ = std::make_shared<PoolCore>(
          reactor_, options_, clock_, [this](PoolWorker::Owner& owner, std::uint64_t number) {
            workers_.push_back(std::make_shared<FakeWorker>(owner, world_, number));
            return workers_.back();
          });
    }
    return *core_;
  }

  /// Submits a job and returns its number, from 0.
  std::size_t submit(JobOptions options = {}, const FunctionName& function = kSomeFunction) {
    const auto given = Ref(new CallOptions(MapOptions{.job = std::move(options)}));
    Ref<TypedJob<void>> job(new TypedJob<void>(pool().newTicket(), given, function, {}));
    const std::size_t number = ends_.size();
    ends_.emplace_back();
    deferreds_.push_back(deferredOf(job).addBoth(
        [this, number](Outcome<void> outcome) { ends_[number].emplace(std::move(outcome)); }));
    pool().submit(std::move(job));
    return number;
  }
  void submitMany(std::size_t jobs) {
    for (std::size_t i = 0; i < jobs; ++i) submit();
  }
  bool settled(std::size_t job) const { return ends_[job].has_value(); }
  bool succeeded(std::size_t job) const { return settled(job) && ends_[job]->ok(); }
  const Failure& failure(std::size_t job) const { return ends_[job]->failure(); }

  /// Lets the loop do what it has put off, processes to start included.
  void turn(int turns = 4) {
    for (int i = 0; i < turns; ++i) {
      reactor_.callLater(Duration::zero(), [this] { reactor_.stop(); });
      reactor_.run();
    }
  }
  void advance(Duration time) {
    clock_.advance(time);
    turn();
  }
  /// The worker of this number, from 1.
  FakeWorker& worker(std::size_t number) { return *workers_.at(number - 1); }
  /// Starts the pool, and lets all workers that it wants get ready.
  void startWorkers() {
    pool().start().addErrback([](const Failure&) {});
    readyAll();
  }
  void readyAll() {
    turn();
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      if (workers_[i]->state() == WorkerState::starting) workers_[i]->getReady();
    }
    turn();
  }
  /// The pool knows from here on that jobs of the function are short.
  void learnThatJobsAreShort() {
    submit();
    for (auto& each : workers_) each->answerAll();
    turn();
  }

  PoolOptions options_;
  Reactor reactor_;
  ManualClock clock_;
  FakeWorker::World world_{clock_};
  std::vector<std::shared_ptr<FakeWorker>> workers_;
  std::deque<std::optional<Outcome<void>>> ends_;
  std::deque<Deferred<void>> deferreds_;
  std::shared_ptr<PoolCore> core_;
};

// Dispatch.

TEST_F(ConductorTest, AJobStartsAWorkerAndIsSentWhenItIsReady) {
  const auto job = submit();
  ASSERT_THAT(workers_, SizeIs(1));
  EXPECT_THAT(worker(1).heldJobs(), IsEmpty());
  worker(1).getReady();
  EXPECT_THAT(worker(1).heldJobs(), SizeIs(1));
  worker(1).answerNext();
  EXPECT_TRUE(succeeded(job));
}

TEST_F(ConductorTest, WorkersAreStartedForWaitingJobsUpToMax) {
  submitMany(5);
  turn();
  EXPECT_THAT(workers_, SizeIs(2));
}

TEST_F(ConductorTest, AFreeWorkerGetsTheJobInsideTheCall) {
  startWorkers();
  submit();
  EXPECT_EQ(worker(1).state(), WorkerState::busy);
}

TEST_F(ConductorTest, JobsOfAnUnknownLengthTravelAlone) {
  startWorkers();
  submitMany(4);
  turn();
  readyAll();
  EXPECT_THAT(worker(1).heldJobs(), SizeIs(1));
  EXPECT_THAT(worker(2).heldJobs(), SizeIs(1));
}

TEST_F(ConductorTest, ShortJobsTravelTogetherTwoBatchesAWorker) {
  options_.max = 1;
  startWorkers();
  learnThatJobsAreShort();
  submitMany(1000);
  turn();
  EXPECT_EQ(worker(1).batches(), 2U);
  EXPECT_GT(worker(1).heldJobs().size(), 10U);
}

TEST_F(ConductorTest, PrioritiesComeFirst) {
  options_.max = 1;
  startWorkers();
  submit();
  const auto low = submit({.priority = -1});
  const auto high = submit({.priority = 1});
  worker(1).answerNext();
  worker(1).answerNext();
  EXPECT_TRUE(succeeded(high));
  EXPECT_FALSE(settled(low));
}

TEST_F(ConductorTest, AFunctionThatTheWorkerDoesNotKnowFailsItsJobAlone) {
  startWorkers();
  const auto unknown = submit({}, kUnknownFunction);
  const auto known = submit();
  turn();
  EXPECT_TRUE(failure(unknown).check<UnknownFunction>());
  worker(1).answerAll();
  EXPECT_TRUE(succeeded(known));
}

TEST_F(ConductorTest, BeyondMaxQueueJobsAreRefused) {
  options_.maxQueue = 1;
  options_.max = 1;
  startWorkers();
  submitMany(2);
  const auto refused = submit();
  EXPECT_FALSE(settled(refused)) << "never inside the call";
  turn();
  EXPECT_TRUE(failure(refused).check<QueueFull>());
  EXPECT_FALSE(failure(refused).mayHaveRun());
}

// Taking back.

TEST_F(ConductorTest, WhatWaitsBehindAJobThatTakesTooLongGoesElsewhere) {
  options_.max = 1;
  startWorkers();
  learnThatJobsAreShort();
  submitMany(20);
  turn();
  worker(1).beginNext();
  const auto held = worker(1).heldJobs().size();
  ASSERT_GT(held, 1U);
  worker(1).running = seconds(1);
  while (worker(1).heldJobs().size() > 1) turn();  // looks are on the loop's own time
  EXPECT_EQ(pool().stats().running, 1U);
  EXPECT_EQ(pool().stats().queued, 19U);
}

TEST_F(ConductorTest, ACancelledJobThatHasNotBegunIsTakenBackAndHarmsNobody) {
  options_.max = 1;
  startWorkers();
  const auto job = submit();
  deferreds_[job].cancel();
  EXPECT_TRUE(failure(job).check<CancelledError>());
  EXPECT_THAT(worker(1).heldJobs(), IsEmpty());
  EXPECT_FALSE(worker(1).askedToGiveUp());
  EXPECT_EQ(pool().stats().cancelled, 1U);
}

TEST_F(ConductorTest, ACancelledJobThatRunsIsAskedToGiveUp) {
  startWorkers();
  const auto job = submit();
  worker(1).beginNext();
  deferreds_[job].cancel();
  ASSERT_TRUE(worker(1).askedToGiveUp());
  EXPECT_EQ(worker(1).askedToGiveUp()->cause, DeathCause::cancel);
  EXPECT_TRUE(failure(job).mayHaveRun());
  worker(1).answerNext();
  EXPECT_EQ(worker(1).state(), WorkerState::idle);
}

TEST_F(ConductorTest, JobsThatWaitBehindACancelledOneRunElsewhereWhenItDoesNotGiveUp) {
  options_.max = 1;
  startWorkers();
  learnThatJobsAreShort();
  submitMany(3);
  turn();
  worker(1).beginNext();
  deferreds_[1].cancel();
  worker(1).refuseToGiveUp();
  turn();
  EXPECT_EQ(pool().stats().queued, 2U);
  worker(1).finishEnding();
  readyAll();
  worker(2).answerAll();
  turn();
  worker(2).answerAll();
  EXPECT_TRUE(succeeded(2));
  EXPECT_TRUE(succeeded(3));
}

// Time.

TEST_F(ConductorTest, TimeInTheQueueIsNotCharged) {
  options_.max = 1;
  startWorkers();
  submit();
  const auto waiting = submit({.timeout = seconds(1)});
  advance(hours(1));
  EXPECT_FALSE(settled(waiting));
}

TEST_F(ConductorTest, AJobThatRunsForTooLongTimesOutAndItsWorkerIsReplaced) {
  startWorkers();
  const auto job = submit({.timeout = seconds(1)});
  worker(1).beginNext();
  advance(seconds(1));
  EXPECT_EQ(worker(1).toldToEnd(), DeathCause::timeout);
  EXPECT_FALSE(settled(job)) << "its worker lives still";
  worker(1).finishEnding();
  EXPECT_TRUE(failure(job).check<JobTimedOut>());
  turn();
  EXPECT_THAT(workers_, SizeIs(2));
}

TEST_F(ConductorTest, TimeCountsFromTheMomentWhenTheFunctionIsEntered) {
  startWorkers();
  submit({.timeout = seconds(10)});
  advance(seconds(8));
  worker(1).beginNext();
  advance(seconds(8));
  EXPECT_FALSE(worker(1).toldToEnd());
  advance(seconds(2));
  EXPECT_EQ(worker(1).toldToEnd(), DeathCause::timeout);
}

TEST_F(ConductorTest, ASoftTimeoutAsksTheJobToGiveUp) {
  startWorkers();
  submit({.softTimeout = seconds(1)});
  worker(1).beginNext();
  advance(seconds(1));
  ASSERT_TRUE(worker(1).askedToGiveUp());
  EXPECT_EQ(worker(1).askedToGiveUp()->cause, DeathCause::softTimeout);
}

TEST_F(ConductorTest, ADeadlineThatPassesInTheQueueFailsTheJobUnrun) {
  options_.max = 1;
  startWorkers();
  submit();
  const auto job = submit({.deadline = clock_.now() + seconds(1)});
  advance(seconds(1));
  EXPECT_TRUE(failure(job).check<DeadlineExceeded>());
  EXPECT_FALSE(failure(job).mayHaveRun());
}

TEST_F(ConductorTest, ADeadlineThatPassesWhileTheJobRunsAsksItToGiveUp) {
  startWorkers();
  const auto job = submit({.deadline = clock_.now() + seconds(1)});
  worker(1).beginNext();
  advance(seconds(1));
  EXPECT_TRUE(failure(job).check<DeadlineExceeded>());
  EXPECT_TRUE(failure(job).mayHaveRun());
  ASSERT_TRUE(worker(1).askedToGiveUp());
  EXPECT_EQ(worker(1).askedToGiveUp()->cause, DeathCause::deadline);
}

TEST_F(ConductorTest, NoTimerIsLeftOfAJobThatHasEnded) {
  startWorkers();
  const auto before = clock_.pending();
  submit({.timeout = seconds(1), .softTimeout = seconds(1), .deadline = clock_.now() + hours(1)});
  EXPECT_GT(clock_.pending(), before);
  worker(1).answerNext();
  EXPECT_EQ(clock_.pending(), before);
}

// Deaths.

TEST_F(ConductorTest, ACrashFailsTheJobThatRanAndNoOther) {
  options_.max = 1;
  startWorkers();
  learnThatJobsAreShort();
  submitMany(3);
  turn();
  worker(1).beginNext();
  worker(1).crash();
  EXPECT_TRUE(failure(1).check<WorkerDied>());
  EXPECT_EQ(failure(1).certificate()->status, ExitStatus(Signalled{SIGSEGV}));
  readyAll();
  worker(2).answerAll();
  turn();
  worker(2).answerAll();
  EXPECT_TRUE(succeeded(2));
  EXPECT_TRUE(succeeded(3));
}

TEST_F(ConductorTest, AJobThatMayRunAgainWaitsAMomentFirst) {
  startWorkers();
  const auto job = submit({.rerun = Rerun::always, .maxAttempts = 2});
  worker(1).beginNext();
  worker(1).crash();
  readyAll();
  EXPECT_THAT(worker(2).heldJobs(), IsEmpty());
  EXPECT_EQ(pool().stats().queued, 1U);
  advance(seconds(1));
  EXPECT_THAT(worker(2).heldJobs(), SizeIs(1));
  worker(2).beginNext();
  worker(2).crash();
  turn();
  EXPECT_TRUE(failure(job).check<PoisonJob>());
}

TEST_F(ConductorTest, AJobOnItsWayToWorkersThatDieIsGivenUpInTheEnd) {
  startWorkers();
  const auto job = submit();
  for (std::size_t i = 1; !settled(job); ++i) {
    ASSERT_LE(i, 50U);
    if (i > workers_.size()) advance(seconds(30));
    readyAll();
    if (worker(i).state() == WorkerState::busy) worker(i).crash();
  }
  EXPECT_TRUE(failure(job).check<WorkerDied>());
}

TEST_F(ConductorTest, AWorkerThatDiesIdleIsReplacedUpToMin) {
  startWorkers();
  worker(1).crash();
  turn();
  EXPECT_THAT(workers_, SizeIs(2));
}

// Starting.

TEST_F(ConductorTest, StartFiresWhenMinWorkersAreReady) {
  options_.min = 2;
  bool started = false;
  auto start = pool().start().addCallback([&] { started = true; });
  turn();
  ASSERT_THAT(workers_, SizeIs(2));
  worker(1).getReady();
  EXPECT_FALSE(started);
  worker(2).getReady();
  EXPECT_TRUE(started);
}

TEST_F(ConductorTest, AProgramThatNeverGetsReadyFailsTheQueueAndIsTriedOnSlowly) {
  const auto job = submit();
  for (unsigned i = 1; i <= RestartOptions{}.failedStarts; ++i) {
    while (workers_.size() < i) advance(seconds(1));
    worker(i).failToStart();
    turn();
  }
  EXPECT_TRUE(failure(job).check<StartupFailed>());
  const auto later = submit();
  turn();
  EXPECT_TRUE(failure(later).check<StartupFailed>()) << "no job waits in vain";
  const auto tried = workers_.size();
  advance(seconds(60));
  EXPECT_EQ(workers_.size(), tried + 1) << "one is tried at a time";
  const auto afterPause = submit();
  readyAll();
  workers_.back()->answerNext();
  EXPECT_TRUE(succeeded(afterPause));
}

TEST_F(ConductorTest, AShortageFailsNothingWhileAWorkerServes) {
  startWorkers();
  world_.shortage = "no descriptor is left";
  submitMany(3);
  advance(seconds(10));
  EXPECT_EQ(pool().stats().workers, 1U);
  while (pool().stats().queued + pool().stats().running > 0) worker(1).answerAll();
  EXPECT_TRUE(succeeded(2));
}

TEST_F(ConductorTest, AShortageThatLastsFailsTheQueueWhenNoneHasEverStarted) {
  world_.shortage = "no descriptor is left";
  const auto job = submit();
  for (int i = 0; i < 10; ++i) advance(seconds(1));
  ASSERT_TRUE(settled(job));
  EXPECT_TRUE(failure(job).check<StartupFailed>());
  EXPECT_THAT(failure(job).describe(), ::testing::HasSubstr("no descriptor is left"));
}

// Going.

TEST_F(ConductorTest, IdleWorkersAboveMinGoAfterMaxIdle) {
  options_.maxIdle = seconds(60);
  startWorkers();
  submitMany(2);
  turn();
  readyAll();
  for (auto& each : workers_) each->answerAll();
  turn();
  advance(seconds(59));
  EXPECT_EQ(pool().stats().idle, 2U);
  advance(seconds(2));
  EXPECT_EQ(pool().stats().idle, 1U);
}

TEST_F(ConductorTest, AfterItsNumberOfJobsAWorkerGoesWhenItsReplacementIsReady) {
  options_.max = 1;
  options_.recycleAfter = 2;
  startWorkers();
  for (int i = 0; i < 2; ++i) {
    submit();
    worker(1).answerNext();
  }
  turn();
  ASSERT_THAT(workers_, SizeIs(2));
  EXPECT_FALSE(worker(1).toldToEnd());
  worker(2).getReady();
  EXPECT_EQ(worker(1).toldToEnd(), DeathCause::recycle);
}

TEST_F(ConductorTest, AWorkerThatHasGrownIsReplacedWhileItServes) {
  options_.max = 1;
  options_.recycleAboveRssBytes = 1000;
  startWorkers();
  worker(1).resident = 1001;
  submit();
  worker(1).answerNext();
  turn();
  ASSERT_THAT(workers_, SizeIs(2));
  submit();
  EXPECT_EQ(worker(1).state(), WorkerState::busy) << "it serves until then";
  worker(2).getReady();
  worker(1).answerNext();
  EXPECT_EQ(worker(1).toldToEnd(), DeathCause::recycle);
}

TEST_F(ConductorTest, AWorkerThatIsTooLargeFromTheStartServesAJobBeforeItIsReplaced) {
  options_.max = 1;
  options_.recycleAboveRssBytes = 1000;
  pool().start().addErrback([](const Failure&) {});
  turn();
  worker(1).resident = 1001;
  readyAll();
  EXPECT_THAT(workers_, SizeIs(1));
  submit();
  worker(1).answerNext();
  turn();
  EXPECT_THAT(workers_, SizeIs(2));
}

TEST_F(ConductorTest, AReloadReplacesEachWorkerAndFailsNoJob) {
  options_.min = 2;
  startWorkers();
  const auto job = submit();
  bool reloaded = false;
  auto done = pool().reload().addCallback([&] { reloaded = true; });
  turn();
  for (int i = 0; i < 4; ++i) {
    readyAll();
    for (const auto& status : pool().workers()) {
      FakeWorker& each = worker(status.number);
      if (each.state() == WorkerState::busy) each.answerAll();
      if (each.state() == WorkerState::ending) each.finishEnding();
    }
    turn();
  }
  EXPECT_TRUE(reloaded);
  EXPECT_TRUE(succeeded(job));
  EXPECT_EQ(pool().stats().recycled, 2U);
}

// Stopping.

TEST_F(ConductorTest, StopLetsRunningJobsEndAndFailsTheQueue) {
  options_.max = 1;
  startWorkers();
  const auto running = submit();
  const auto queued = submit();
  bool stopped = false;
  auto stop = pool().stop({}).addCallback([&] { stopped = true; });
  turn();
  EXPECT_TRUE(failure(queued).check<PoolStopped>());
  EXPECT_FALSE(settled(running));
  worker(1).answerNext();
  EXPECT_TRUE(succeeded(running));
  EXPECT_FALSE(stopped);
  EXPECT_EQ(worker(1).toldToEnd(), DeathCause::shutdown);
  worker(1).finishEnding();
  EXPECT_TRUE(stopped);
}

TEST_F(ConductorTest, StopWithinKillsWhatStillRuns) {
  startWorkers();
  const auto job = submit();
  auto stop = pool().stop({.within = seconds(5)});
  turn();
  advance(seconds(5));
  EXPECT_EQ(worker(1).toldToEnd(), DeathCause::shutdown);
  worker(1).beginNext();
  worker(1).finishEnding();
  EXPECT_TRUE(failure(job).check<PoolStopped>());
  EXPECT_TRUE(stop.called());
}

TEST_F(ConductorTest, ADrainRunsTheQueueFirst) {
  options_.max = 1;
  startWorkers();
  submitMany(3);
  auto stop = pool().stop({.drainQueue = true});
  turn();
  while (pool().stats().queued + pool().stats().running > 0) worker(1).answerAll();
  EXPECT_TRUE(succeeded(2));
  worker(1).finishEnding();
  EXPECT_TRUE(stop.called());
}

TEST_F(ConductorTest, AWorkerThatIsStartingDoesNotHoldUpTheEnd) {
  submit();
  auto stop = pool().stop({});
  turn();
  EXPECT_EQ(worker(1).toldToEnd(), DeathCause::shutdown);
  worker(1).finishEnding();
  EXPECT_TRUE(stop.called());
}

// Lives at random: whatever the workers do, every job settles once and the books balance.

class RandomLifeTest : public ConductorTest, public ::testing::WithParamInterface<unsigned> {
 protected:
  RandomLifeTest() : ConductorTest({.min = 1, .max = 5}), random_(GetParam()) {
    options_.maxQueue = 60;
    options_.maxIdle = seconds(5);
    options_.recycleAfter = GetParam() % 3 == 0 ? 7 : 0;
  }

  unsigned pick(unsigned n) { return static_cast<unsigned>(random_() % n); }

  void act(FakeWorker& worker) {
    switch (worker.state()) {
      case WorkerState::starting:
        return pick(6) == 0 ? worker.failToStart() : worker.getReady();
      case WorkerState::idle:
        if (pick(20) == 0) worker.crash();
        return;
      case WorkerState::busy:
        return actBusy(worker);
      case WorkerState::ending:
        return worker.finishEnding();
    }
  }
  void actBusy(FakeWorker& worker) {
    switch (pick(10)) {
      case 0:
        return worker.crash();
      case 1:
        return worker.beginNext();
      case 2:
        return worker.answerAll();
      case 3:
        return worker.refuseToGiveUp();
      case 4:
        worker.running = milliseconds(pick(3));
        return;
      default:
        worker.answerNext();
        return worker.answerEmptied();
    }
  }

  JobOptions someOptions() {
    JobOptions options;
    if (pick(4) == 0) options.priority = static_cast<int>(pick(3)) - 1;
    if (pick(4) == 0) options.timeout = seconds(1 + pick(5));
    if (pick(6) == 0) options.softTimeout = seconds(1 + pick(5));
    if (pick(6) == 0) options.deadline = clock_.now() + seconds(pick(20));
    options.rerun = static_cast<Rerun>(pick(3));
    return options;
  }
  void checkBooks() {
    const PoolStats stats = pool().stats();
    ASSERT_EQ(stats.submitted,
              stats.succeeded + stats.failed + stats.cancelled + stats.queued + stats.running);
    ASSERT_EQ(stats.submitted, ends_.size());
    std::size_t settled = 0;
    for (const auto& end : ends_) settled += end ? 1U : 0U;
    ASSERT_LE(settled, stats.succeeded + stats.failed + stats.cancelled);
  }
  std::vector<std::size_t> liveWorkers() {
    std::vector<std::size_t> numbers;
    for (const auto& status : pool().workers()) numbers.push_back(status.number);
    return numbers;
  }

  std::mt19937 random_;
};

TEST_P(RandomLifeTest, EveryJobSettlesOnceAndTheBooksBalance) {
  for (int step = 0; step < 4000; ++step) {
    switch (pick(6)) {
      case 0:
      case 1:
        submit(someOptions());
        break;
      case 2:
        if (!deferreds_.empty()) {
          deferreds_[pick(static_cast<unsigned>(deferreds_.size()))].cancel();
        }
        break;
      case 3:
        if (pick(3) == 0) advance(milliseconds(pick(2000)));
        break;
      default: {
        const auto live = liveWorkers();
        if (!live.empty()) act(worker(live[pick(static_cast<unsigned>(live.size()))]));
      }
    }
    if (pick(200) == 0) pool().reload().addErrback([](const Failure&) {});
    if (pick(200) == 0) {
      pool().resize(pick(2), 1 + pick(6)).addErrback([](const Failure&) {});
    }
    if (pick(3) == 0) turn(1);
    checkBooks();
    if (HasFatalFailure()) return;
  }
  bool stopped = false;
  auto stop = pool().stop({.drainQueue = pick(2) == 0, .within = seconds(20)}).addBoth([&](auto&&) {
    stopped = true;
  });
  for (int step = 0; step < 20'000 && !stopped; ++step) {
    const auto live = liveWorkers();
    if (!live.empty()) act(worker(live[pick(static_cast<unsigned>(live.size()))]));
    if (pick(10) == 0) advance(milliseconds(pick(500)));
    turn(1);
  }
  EXPECT_TRUE(stopped);
  EXPECT_EQ(pool().stats().queued + pool().stats().running, 0U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomLifeTest, ::testing::Range(0U, 40U));

}  // namespace
}  // namespace phial::detail
