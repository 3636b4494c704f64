// The pool without processes that users test their programs with.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/master.h>
#include <phial/testing.h>
#include <phial/worker/job.h>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace shop {

int twice(int n) { return 2 * n; }
std::string label() { return std::string(phial::currentJob().label()); }
void fail(const std::string& what) { throw std::out_of_range(what); }
void report() {
  phial::currentJob().progress(0.5, "half");
  phial::currentJob().progress(1, "all");
}
struct Reading {
  double value = 0;
  std::vector<std::string> notes;
};
Reading noted(Reading reading, const std::string& note) {
  reading.notes.push_back(note);
  return reading;
}
phial::SharedArray<int> doubled(const phial::SharedArray<int>& numbers) {
  std::vector<int> result;
  for (const int number : numbers) result.push_back(2 * number);
  return phial::SharedArray<int>::copyOf(result);
}
inline constexpr phial::Function<int(int)> kPrice{"shop.price"};

}  // namespace shop

namespace phial::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

class TestPoolTest : public ::testing::Test {
 protected:
  ~TestPoolTest() override {
    if (pool_) {
      EXPECT_TRUE(pool_->stats().balanced());
    }
  }
  TestPool& pool() { return *pool_; }

  template <class T>
  static void keep(Deferred<T> deferred, std::optional<Outcome<T>>& to) {
    std::move(deferred).addBoth([&to](Outcome<T> outcome) { to.emplace(std::move(outcome)); });
  }

  ManualClock clock_;
  std::optional<TestPool> pool_{std::in_place, clock_};
};

TEST_F(TestPoolTest, NothingHappensUntilTheTestSaysSo) {
  std::optional<Outcome<int>> got;
  keep(pool().deferToProcess<shop::twice>(21), got);
  EXPECT_EQ(pool().pending(), 1U);
  EXPECT_FALSE(got);
  EXPECT_TRUE(pool().runNext());
  EXPECT_EQ(got->value(), 42);
  EXPECT_EQ(pool().pending(), 0U);
  EXPECT_FALSE(pool().runNext());
}

TEST_F(TestPoolTest, JobsRunByPriorityAndThenInOrder) {
  pool().with({.label = "a"}).deferToProcess<shop::label>();
  pool().with({.priority = 1, .label = "b"}).deferToProcess<shop::label>();
  pool().with({.label = "c"}).deferToProcess<shop::label>();
  std::vector<std::string> labels;
  for (const auto& job : pool().jobs()) {
    EXPECT_EQ(job.function, "shop::label");
    labels.push_back(job.label);
  }
  EXPECT_THAT(labels, ElementsAre("b", "a", "c"));
  EXPECT_EQ(pool().runAll(), 3U);
  EXPECT_EQ(pool().stats().succeeded, 3U);
}

TEST_F(TestPoolTest, ValuesTakeTheWayThroughAMessage) {
  std::optional<Outcome<shop::Reading>> got;
  keep(pool().deferToProcess<shop::noted>(shop::Reading{1.5, {"a"}}, "b"), got);
  pool().runNext();
  EXPECT_EQ(got->value().value, 1.5);
  EXPECT_THAT(got->value().notes, ElementsAre("a", "b"));
}

TEST_F(TestPoolTest, WhatTheFunctionThrowsComesHomeAsFromAWorker) {
  std::optional<Outcome<void>> got;
  keep(pool().deferToProcess<shop::fail>("no shelf"), got);
  pool().runNext();
  EXPECT_TRUE(got->failure().check<std::out_of_range>());
  EXPECT_EQ(got->failure().message(), "no shelf");
  EXPECT_TRUE(got->failure().fromJob());
  EXPECT_TRUE(got->failure().isRemote());
}

TEST_F(TestPoolTest, SharedArraysAreShared) {
  std::optional<Outcome<SharedArray<int>>> got;
  const auto numbers = SharedArray<int>::copyOf(std::vector{0, 0, 21});
  keep(pool().deferToProcess<shop::doubled>(numbers), got);
  pool().runNext();
  ASSERT_TRUE(got->ok()) << got->failure().message();
  EXPECT_EQ(got->value()[2], 42);
}

TEST_F(TestPoolTest, ProgressArrivesBeforeTheResult) {
  std::vector<std::string> heard;
  pool()
      .with({.onProgress = [&](double, std::string_view note) { heard.emplace_back(note); }})
      .deferToProcess<shop::report>()
      .addCallback([&] { heard.emplace_back("end"); });
  pool().runNext();
  EXPECT_THAT(heard, ElementsAre("half", "all", "end"));
  EXPECT_THROW(currentJob(), std::logic_error);
}

TEST_F(TestPoolTest, TheTestMayAnswerInTheFunctionsPlace) {
  std::optional<Outcome<int>> got;
  keep(pool().deferToProcess<shop::twice>(1), got);
  pool().succeedNext(7);
  EXPECT_EQ(got->value(), 7);
  std::optional<Outcome<int>> unfit;
  keep(pool().deferToProcess<shop::twice>(1), unfit);
  pool().succeedNext(std::string("seven"));
  EXPECT_TRUE(unfit->failure().check<EncodingError>());
  EXPECT_THAT(unfit->failure().message(), HasSubstr("the result of shop::twice cannot be read"));
  std::optional<Outcome<void>> nothing;
  keep(pool().deferToProcess<shop::report>(), nothing);
  pool().succeedNext();
  EXPECT_TRUE(nothing->ok());
  EXPECT_THROW(pool().succeedNext(1), std::logic_error);
}

TEST_F(TestPoolTest, TheTestMayFailAJob) {
  std::optional<Outcome<int>> thrown;
  keep(pool().deferToProcess<shop::twice>(1), thrown);
  pool().failNext(std::domain_error("not today"));
  EXPECT_TRUE(thrown->failure().check<std::domain_error>());
  EXPECT_TRUE(thrown->failure().fromJob());
  std::optional<Outcome<int>> late;
  keep(pool().deferToProcess<shop::twice>(1), late);
  pool().failNext(JobTimedOut("took too long", {}));
  EXPECT_EQ(late->failure().kind(), FailureKind::timedOut);
  EXPECT_FALSE(late->failure().fromJob());
  EXPECT_THROW(pool().failNext(std::domain_error("nobody")), std::logic_error);
}

TEST_F(TestPoolTest, AKilledWorkerFailsItsJobWithACertificate) {
  std::optional<Outcome<int>> got;
  keep(pool().with({.label = "sums"}).deferToProcess<shop::twice>(1), got);
  pool().killNext();
  const Failure& failure = got->failure();
  EXPECT_TRUE(failure.check<WorkerDied>());
  ASSERT_NE(failure.certificate(), nullptr);
  EXPECT_EQ(failure.certificate()->function, "shop::twice");
  EXPECT_EQ(failure.certificate()->label, "sums");
  EXPECT_THAT(failure.describe(), HasSubstr("SIGKILL"));
  EXPECT_EQ(pool().stats().deaths, 1U);
}

TEST_F(TestPoolTest, AJobThatMayRunAgainIsPendingAgainAtTheHead) {
  std::optional<Outcome<int>> got;
  keep(pool().with({.rerun = Rerun::always, .maxAttempts = 3}).deferToProcess<shop::twice>(1), got);
  pool().with({.label = "other"}).deferToProcess<shop::label>();
  pool().killNext();
  EXPECT_FALSE(got);
  EXPECT_EQ(pool().jobs().front().function, "shop::twice");
  pool().killNext();
  pool().killNext();
  EXPECT_TRUE(got->failure().check<PoisonJob>());
  EXPECT_EQ(pool().stats().rerun, 2U);
  pool().runAll();
}

TEST_F(TestPoolTest, ATimeoutsCertificateIsATimeout) {
  std::optional<Outcome<int>> got;
  keep(pool().deferToProcess<shop::twice>(1), got);
  pool().killNext({.cause = DeathCause::timeout});
  EXPECT_TRUE(got->failure().check<JobTimedOut>());
}

TEST_F(TestPoolTest, CancellingTakesTheJobOut) {
  std::optional<Outcome<int>> got;
  auto job = pool().deferToProcess<shop::twice>(1);
  job.cancel();
  keep(std::move(job), got);
  EXPECT_TRUE(got->failure().check<CancelledError>());
  EXPECT_FALSE(got->failure().mayHaveRun());
  EXPECT_EQ(pool().pending(), 0U);
  EXPECT_EQ(pool().stats().cancelled, 1U);
}

TEST_F(TestPoolTest, AJobThatIsCancelledFromItsOwnProgressHasNoResult) {
  Deferred<void> job;
  job = pool()
            .with({.onProgress = [&](double, std::string_view) { job.cancel(); }})
            .deferToProcess<shop::report>();
  pool().runNext();
  std::optional<Outcome<void>> got;
  keep(std::move(job), got);
  EXPECT_TRUE(got->failure().check<CancelledError>());
  EXPECT_EQ(pool().stats().cancelled, 1U);
}

TEST_F(TestPoolTest, DeadlinesPassOnTheClock) {
  std::optional<Outcome<int>> got;
  keep(pool().with({.deadline = clock_.now() + 5s}).deferToProcess<shop::twice>(1), got);
  clock_.advance(4s);
  EXPECT_FALSE(got);
  clock_.advance(1s);
  EXPECT_TRUE(got->failure().check<DeadlineExceeded>());
  EXPECT_EQ(pool().pending(), 0U);
}

TEST_F(TestPoolTest, AFullQueueRefuses) {
  pool_.emplace(clock_, TestPoolOptions{.maxQueue = 1});
  std::optional<Outcome<int>> second;
  pool().deferToProcess<shop::twice>(1);
  keep(pool().deferToProcess<shop::twice>(2), second);
  EXPECT_FALSE(second);  // not inside the call
  bool room = false;
  pool().whenBelow(1).addCallback([&] { room = true; });
  EXPECT_FALSE(room);
  pool().runAll();
  EXPECT_TRUE(second->failure().check<QueueFull>());
  EXPECT_TRUE(room);
}

TEST_F(TestPoolTest, MapsRunChunkByChunk) {
  std::optional<Outcome<std::vector<int>>> got;
  keep(pool().with({.chunk = 2}).map<shop::twice>(std::vector{1, 2, 3, 4, 5}), got);
  EXPECT_EQ(pool().pending(), 2U);  // two for each worker
  EXPECT_EQ(pool().runAll(), 3U);
  EXPECT_THAT(got->value(), ElementsAre(2, 4, 6, 8, 10));
  std::optional<Outcome<std::vector<int>>> none;
  keep(pool().map<shop::twice>(std::vector<int>()), none);
  pool().runAll();
  EXPECT_THAT(none->value(), ElementsAre());
}

TEST_F(TestPoolTest, AMapLosesOneElementWithAWorker) {
  std::optional<Outcome<std::vector<Outcome<int>>>> got;
  keep(pool().with({.chunk = 2}).mapOutcomes<shop::twice>(std::vector{1, 2}), got);
  pool().killNext({.element = 1});
  pool().runAll();
  EXPECT_EQ(got->value()[0].value(), 2);
  EXPECT_TRUE(got->value()[1].failure().check<WorkerDied>());
}

TEST_F(TestPoolTest, FunctionsThatAreOnlyNamedAreGivenByTheTest) {
  std::optional<Outcome<int>> got;
  keep(pool().deferToProcess<shop::kPrice>(3), got);
  pool().runNext();
  EXPECT_TRUE(got->failure().check<UnknownFunction>());
  pool().add<shop::kPrice>([](int n) { return 100 * n; });
  pool().add("shop.name", [] { return std::string("Corner"); });
  keep(pool().deferToProcess<shop::kPrice>(3), got);
  pool().runNext();
  EXPECT_EQ(got->value(), 300);
  std::optional<Outcome<AnyValue>> name;
  keep(pool().call("shop.name", {}), name);
  pool().runNext();
  EXPECT_EQ(name->value(), AnyValue("Corner"));
}

TEST_F(TestPoolTest, CallbacksMaySubmitAndRunAndDestroy) {
  int last = 0;
  pool().deferToProcess<shop::twice>(1).addCallback([&](int n) {
    pool().deferToProcess<shop::twice>(n).addCallback([&](int m) { last = m; });
    EXPECT_TRUE(pool().runNext());
  });
  EXPECT_EQ(pool().runAll(), 1U);
  EXPECT_EQ(last, 4);
  bool failed = false;
  pool().deferToProcess<shop::twice>(1).addCallback([&](int) { pool_.reset(); });
  pool().deferToProcess<shop::twice>(2).addErrback(
      [&](const Failure& failure) { failed = failure.check<PoolStopped>(); });
  pool().runNext();
  EXPECT_FALSE(pool_.has_value());
  EXPECT_TRUE(failed);
}

TEST_F(TestPoolTest, StopFailsWhatIsPendingOrDrainsIt) {
  std::optional<Outcome<int>> got;
  bool stopped = false;
  keep(pool().deferToProcess<shop::twice>(1), got);
  pool().stop().addCallback([&] { stopped = true; });
  clock_.advance(0s);
  EXPECT_TRUE(got->failure().check<PoolStopped>());
  EXPECT_TRUE(stopped);
  std::optional<Outcome<int>> after;
  keep(pool().deferToProcess<shop::twice>(1), after);
  clock_.advance(0s);
  EXPECT_TRUE(after->failure().check<PoolStopped>());

  pool_.emplace(clock_);
  std::optional<Outcome<int>> drained;
  stopped = false;
  keep(pool().deferToProcess<shop::twice>(1), drained);
  pool().stop({.drainQueue = true}).addCallback([&] { stopped = true; });
  clock_.advance(0s);
  EXPECT_FALSE(stopped);
  pool().runAll();
  EXPECT_EQ(drained->value(), 2);
  EXPECT_TRUE(stopped);
}

TEST_F(TestPoolTest, ASubmitterOutlivesIt) {
  const Submitter jobs = pool();
  std::optional<Outcome<int>> got;
  keep(jobs.deferToProcess<shop::twice>(1), got);
  pool_.reset();
  EXPECT_TRUE(got->failure().check<PoolStopped>());
  keep(jobs.deferToProcess<shop::twice>(1), got);
  EXPECT_TRUE(got->failure().check<PoolStopped>());
}

TEST_F(TestPoolTest, ObserversHearTheStory) {
  struct Writer : PoolObserver {
    void jobQueued(const JobReport&) override { story += "queued "; }
    void jobDispatched(const JobReport&) override { story += "dispatched "; }
    void jobRequeued(const JobReport&, const DeathCertificate&) override { story += "requeued "; }
    void workerDied(const DeathCertificate&) override { story += "death "; }
    void jobSettled(const JobReport& job) override {
      story += job.outcome == JobOutcome::succeeded ? "succeeded" : "ended otherwise";
    }
    std::string story;
  };
  const auto writer = std::make_shared<Writer>();
  const auto observation = pool().observe(writer);
  pool().with({.rerun = Rerun::always}).deferToProcess<shop::twice>(1);
  pool().killNext();
  pool().runNext();
  EXPECT_EQ(writer->story, "queued dispatched death requeued dispatched succeeded");
}

// The loop of a program does what the test does not.
TEST_F(TestPoolTest, WorksOnAReactorToo) {
  Reactor reactor;
  TestPool pool(reactor);
  EXPECT_EQ(&pool.clock(), &reactor);
  bool started = false;
  pool.start().addCallback([&] {
    started = true;
    reactor.stop();
  });
  EXPECT_FALSE(started);
  reactor.run();
  EXPECT_TRUE(started);
}

}  // namespace
}  // namespace phial::testing
