// Jobs that call jobs, and wait, with workers that are no processes.
#include "master/pool/child_jobs.h"

#include "conductor_fixture.h"

namespace phial::detail {
namespace {

using namespace std::chrono_literals;

class FakeCall final : public ChildCall {
 public:
  explicit FakeCall(std::uint64_t ofJob, std::uint64_t itsNumber, std::string name = "some") {
    job = ofJob;
    number = itsNumber;
    function = std::move(name);
    signature = kSomeFunction.signature;
  }

  bool wanted() const override { return !ended_; }
  capnp::List<schema::Value>::Reader arguments() const override { return {}; }
  void keepResult(schema::Value::Reader) override {}
  void succeed() override { ended_ = true; }
  void fail(const Failure& failure) override {
    ended_ = true;
    failure_ = failure;
  }

  bool succeeded() const { return ended_ && !failure_; }
  const std::optional<Failure>& failure() const { return failure_; }

 private:
  bool ended_ = false;
  std::optional<Failure> failure_;
};

class ChildJobsTest : public ConductorTest {
 protected:
  ChildJobsTest() : ConductorTest({.min = 1, .max = 1, .maxWaiting = 3}) {}

  /// Submits a job, and has worker `number` begin it. Returns its id.
  std::uint64_t begin(std::size_t number, JobOptions options = {}) {
    submit(std::move(options));
    return beginNext(number);
  }
  std::uint64_t beginNext(std::size_t number) {
    turn();
    worker(number).beginNext();
    return worker(number).heldJobs().front();
  }
  std::shared_ptr<FakeCall> call(std::size_t number, std::uint64_t job, std::uint64_t name = 1) {
    auto made = std::make_shared<FakeCall>(job, name);
    worker(number).call(made);
    return made;
  }
  void wait(std::size_t number, std::uint64_t job, std::vector<std::uint64_t> calls) {
    const JobWait waits{job, std::move(calls)};
    worker(number).wait(&waits);
    readyAll();
  }
};

TEST_F(ChildJobsTest, AWorkerThatWaitsLendsItsPlace) {
  startWorkers();
  const auto job = begin(1);
  const auto child = call(1, job);
  turn();
  EXPECT_EQ(workers_.size(), 1U) << "it does not wait yet";
  wait(1, job, {1});
  ASSERT_EQ(workers_.size(), 2U);
  EXPECT_EQ(worker(2).heldJobs().size(), 1U);
  worker(2).answerNext();
  turn();
  EXPECT_TRUE(child->succeeded());
  EXPECT_EQ(worker(1).waitEnded(), JobWaitEnd::answered);
  worker(1).answerNext();
  turn();
  EXPECT_TRUE(succeeded(0));
}

TEST_F(ChildJobsTest, ThePlaceIsItsOwnAgainInTheTurnInWhichTheLastChildEnds) {
  startWorkers();
  const auto job = begin(1);
  call(1, job, 1);
  const auto second = call(1, job, 2);
  wait(1, job, {1});
  worker(2).answerNext();
  turn();
  EXPECT_TRUE(worker(2).heldJobs().empty()) << "the second child would run beside its parent";
  wait(1, job, {2});
  EXPECT_EQ(worker(2).heldJobs().size(), 1U);
  EXPECT_EQ(workers_.size(), 2U);
  worker(2).answerNext();
  worker(1).answerNext();
  turn();
}

TEST_F(ChildJobsTest, AWaitForSeveralEndsWithTheLast) {
  startWorkers();
  const auto job = begin(1);
  call(1, job, 1);
  call(1, job, 2);
  wait(1, job, {1, 2});
  worker(2).answerNext();
  turn();
  EXPECT_FALSE(worker(1).waitEnded());
  EXPECT_EQ(worker(2).heldJobs().size(), 1U);
  worker(2).answerNext();
  turn();
  EXPECT_EQ(worker(1).waitEnded(), JobWaitEnd::answered);
  worker(1).answerNext();
  turn();
}

TEST_F(ChildJobsTest, TheDeepestComeFirstAndBeforeAllOthers) {
  startWorkers();
  const auto root = begin(1);
  const auto other = submit();
  call(1, root, 1);
  call(1, root, 2);
  wait(1, root, {1, 2});
  const auto child = beginNext(2);
  const auto grandchild = call(2, child, 1);
  wait(2, child, {1});
  ASSERT_EQ(workers_.size(), 3U);
  beginNext(3);
  worker(3).answerNext();
  turn();
  EXPECT_TRUE(grandchild->succeeded()) << "it came before its uncle";
  worker(2).answerNext();
  turn();
  worker(3).answerAll();
  worker(2).answerAll();
  turn();
  EXPECT_EQ(worker(1).waitEnded(), JobWaitEnd::answered);
  EXPECT_FALSE(settled(other));
  worker(1).answerNext();
  turn();
  for (std::size_t i = 1; i <= workers_.size(); ++i) worker(i).answerAll();
  turn();
  EXPECT_TRUE(succeeded(other));
}

TEST_F(ChildJobsTest, WhatWasSentBehindAJobThatWaitsIsTakenBack) {
  startWorkers();
  learnThatJobsAreShort();
  submitMany(3);
  turn();
  worker(1).beginNext();
  ASSERT_GT(worker(1).heldJobs().size(), 1U);
  const auto job = worker(1).heldJobs().front();
  call(1, job);
  wait(1, job, {1});
  EXPECT_EQ(worker(1).heldJobs().size(), 1U);
  for (int i = 0; i < 4; ++i) {
    worker(2).answerAll();
    turn();
  }
  EXPECT_EQ(worker(1).waitEnded(), JobWaitEnd::answered);
  worker(1).answerAll();
  turn();
}

TEST_F(ChildJobsTest, ACallOfAJobThatDoesNotRunThereFails) {
  startWorkers();
  const auto job = begin(1);
  EXPECT_TRUE(call(1, job + 100)->failure()->check<CancelledError>());
  const JobWait waits{job + 100, {}};
  worker(1).wait(&waits);
  EXPECT_EQ(worker(1).waitEnded(), JobWaitEnd::cancelled);
  const auto first = call(1, job, 1);
  EXPECT_TRUE(call(1, job, 1)->failure()) << "of the same number";
  worker(1).answerNext();
  turn();
  EXPECT_TRUE(first->failure());
}

TEST_F(ChildJobsTest, TheEndOfAJobCancelsItsChildren) {
  startWorkers();
  const auto job = begin(1);
  const auto child = call(1, job);
  worker(1).answerNext();
  turn();
  EXPECT_TRUE(child->failure()->check<CancelledError>());
  EXPECT_EQ(pool().stats().cancelled, 1U);
}

TEST_F(ChildJobsTest, SoDoesTheDeathOfItsWorkerWhileItWaits) {
  startWorkers();
  const auto job = begin(1);
  const auto child = call(1, job);
  wait(1, job, {1});
  beginNext(2);
  worker(1).crash();
  turn();
  EXPECT_TRUE(failure(0).check<WorkerDied>());
  EXPECT_TRUE(child->failure()->check<CancelledError>());
  EXPECT_TRUE(worker(2).askedToGiveUp());
  EXPECT_EQ(pool().stats().waiting, 0U);
  worker(2).answerNext();
  turn();
}

TEST_F(ChildJobsTest, TheDeathOfAChildEndsTheWait) {
  startWorkers();
  const auto job = begin(1);
  const auto child = call(1, job, 1);
  call(1, job, 2);
  wait(1, job, {1, 2});
  beginNext(2);
  worker(2).crash();
  turn();
  EXPECT_TRUE(child->failure()->check<WorkerDied>());
  EXPECT_EQ(worker(1).waitEnded(), JobWaitEnd::answered);
  worker(1).answerNext();
  readyAll();
}

TEST_F(ChildJobsTest, ACallThatIsTakenBackNeverRuns) {
  startWorkers();
  const auto job = begin(1);
  const auto child = call(1, job);
  worker(1).takeCallBack(*child);
  turn();
  EXPECT_TRUE(child->failure());
  EXPECT_EQ(pool().stats().queued, 0U);
  worker(1).answerNext();
  turn();
}

TEST_F(ChildJobsTest, ChildrenInheritTheDeadline) {
  startWorkers();
  const auto job = begin(1, {.deadline = clock_.now() + 10s});
  const auto child = call(1, job);
  wait(1, job, {1});
  beginNext(2);
  advance(11s);
  EXPECT_TRUE(failure(0).check<DeadlineExceeded>());
  EXPECT_TRUE(child->failure());
  EXPECT_TRUE(worker(2).askedToGiveUp());
  worker(2).answerNext();
  worker(1).answerNext();
  turn();
}

TEST_F(ChildJobsTest, BeyondMaxWaitingAWaitFails) {
  startWorkers();
  std::uint64_t job = begin(1);
  for (std::size_t level = 1; level <= 3; ++level) {
    call(level, job);
    wait(level, job, {1});
    job = beginNext(level + 1);
  }
  EXPECT_EQ(pool().stats().waiting, 3U);
  call(4, job);
  wait(4, job, {1});
  EXPECT_EQ(worker(4).waitEnded(), JobWaitEnd::tooMany);
  EXPECT_EQ(workers_.size(), 4U);
}

TEST_F(ChildJobsTest, AWaitForTheParentLendsThePlaceOnlyIfNobodyWorks) {
  options_.min = options_.max = 2;
  startWorkers();
  const auto first = begin(2);
  const auto second = begin(1);
  submit();
  wait(2, first, {});
  EXPECT_EQ(workers_.size(), 2U);
  wait(1, second, {});
  ASSERT_EQ(workers_.size(), 3U);
  EXPECT_EQ(worker(3).heldJobs().size(), 1U);
  worker(2).wait(nullptr);
  worker(1).wait(nullptr);
  EXPECT_EQ(pool().stats().waiting, 0U);
  for (std::size_t i = 1; i <= 3; ++i) worker(i).answerAll();
  turn();
}

TEST_F(ChildJobsTest, IfNoWorkerCanBeStartedTheChildrenFail) {
  options_.restart.failedStarts = 1;
  startWorkers();
  const auto job = begin(1);
  const auto child = call(1, job);
  const JobWait waits{job, {1}};
  worker(1).wait(&waits);
  turn();
  ASSERT_EQ(workers_.size(), 2U);
  worker(2).failToStart();
  turn();
  EXPECT_TRUE(child->failure()->check<StartupFailed>());
  EXPECT_EQ(worker(1).waitEnded(), JobWaitEnd::answered);
  worker(1).answerNext();
  turn();
  EXPECT_TRUE(succeeded(0));
}

}  // namespace
}  // namespace phial::detail
