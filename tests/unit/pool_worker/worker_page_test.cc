#include "master/worker/worker_page.h"

#include <gtest/gtest.h>

#include "tests/unit/pool_worker/page_fixture.h"

namespace phial::detail {
namespace {

using Stage = WorkerPage::Stage;
using Refusal = DeathEvidence::Refusal;

class WorkerPageTest : public PageFixture {
 protected:
  ~WorkerPageTest() noexcept override = default;
};

TEST_F(WorkerPageTest, AJobIsEitherBegunOrTakenBack) {
  send({1, 2});
  JobSlot& second = slotOf(2);
  EXPECT_TRUE(page_.takeBack(*jobs_.find(2)));
  EXPECT_FALSE(second.claim(2));
  ASSERT_TRUE(claim(1));
  EXPECT_FALSE(page_.takeBack(*jobs_.find(1)));
  EXPECT_TRUE(page_.begun(1));
  EXPECT_FALSE(page_.begun(2));
  EXPECT_EQ(jobs_.held(), 1U);
}

TEST_F(WorkerPageTest, TellsTheJobThatRunsFromThoseThatWaitAndThoseThatEnded) {
  send({1, 2, 3});
  EXPECT_FALSE(page_.running());
  EXPECT_EQ(idAt(page_.firstWaiting()), 1U);
  EXPECT_EQ(idAt(page_.blamed()), 1U) << "a death now is put down to the first on its way";
  ASSERT_TRUE(claim(1));
  EXPECT_EQ(idAt(page_.running()), 1U) << "taken up, and not yet named";
  worker().job = 1;
  EXPECT_EQ(idAt(page_.running()), 1U);
  EXPECT_EQ(idAt(page_.firstWaiting()), 2U);
  EXPECT_EQ(page_.begunOfOldest(), 1U);
  deliver(1);
  EXPECT_FALSE(page_.running());
  EXPECT_TRUE(page_.delivered(*jobs_.find(1)));
  begin(2);
  EXPECT_EQ(idAt(page_.running()), 2U);
  EXPECT_EQ(idAt(page_.blamed()), 2U);
}

TEST_F(WorkerPageTest, BelievesNothingOfJobsThatTheWorkerDoesNotHold) {
  send({1, 2});
  worker().job = 77;
  EXPECT_FALSE(page_.running());
  worker().job = 2;
  EXPECT_FALSE(page_.running()) << "it is named, but was not taken up";
  EXPECT_FALSE(page_.returned(77));
  EXPECT_EQ(page_.stageOf(77), Stage::over);
  worker().progress.post(77, 0.5, "");
  EXPECT_FALSE(page_.takeReport());
}

TEST_F(WorkerPageTest, AJobRunsThenHasReturnedThenIsOver) {
  send({1, 2});
  begin(1);
  EXPECT_EQ(page_.stageOf(1), Stage::running);
  worker().phase = Phase::encoding;
  EXPECT_EQ(page_.stageOf(1), Stage::returned);
  worker().job = 2;
  EXPECT_EQ(page_.stageOf(1), Stage::over) << "the worker names a later job";
}

TEST_F(WorkerPageTest, AnElementIsOverWhenItsJobIsAtAnother) {
  send({1});
  begin(1);
  worker().element = 3;
  EXPECT_EQ(page_.stageOf(1, 3), Stage::running);
  EXPECT_EQ(page_.stageOf(1, 2), Stage::over);
  EXPECT_EQ(page_.stageOf(1, 0), Stage::running);
}

TEST_F(WorkerPageTest, ATimeOutsideOfTheJobsLifeIsNotBelieved) {
  send({1});
  begin(1);
  EXPECT_TRUE(page_.startDelay(1));
  EXPECT_TRUE(page_.runningFor());
  worker().startedNanos = jobs_.batches().front().sentNanos - 1;
  EXPECT_FALSE(page_.startDelay(1));
  worker().startedNanos =
      controlPageNanos() + std::chrono::nanoseconds(std::chrono::hours(1)).count();
  EXPECT_FALSE(page_.startDelay(1));
  EXPECT_FALSE(page_.runningFor());
}

TEST_F(WorkerPageTest, AtElementNeedsBothItsNumberAndItsTime) {
  send({1});
  begin(1);
  worker().elementStartedNanos = controlPageNanos();
  EXPECT_FALSE(page_.atElement(1)) << "it is at none";
  worker().element = 4;
  ASSERT_TRUE(page_.atElement(1));
  EXPECT_EQ(page_.atElement(1)->number, 4U);
  worker().elementStartedNanos = 0;
  EXPECT_FALSE(page_.atElement(1)) << "where elements have no limit, no time is noted";
}

TEST_F(WorkerPageTest, MemoryThatWasRefusedConcernsTheJobThatIsBlamed) {
  worker().refusedJob = kRefusedBetweenJobs;
  EXPECT_EQ(page_.refusal(), Refusal::betweenJobs);
  send({1});
  worker().refusedJob = kRefusedToMessage;
  EXPECT_EQ(page_.refusal(), Refusal::toItsMessage);
  begin(1);
  EXPECT_EQ(page_.refusal(), Refusal::none) << "its message has come whole";
  worker().refusedJob = 1;
  EXPECT_EQ(page_.refusal(), Refusal::toTheJob);
}

TEST_F(WorkerPageTest, ALostDescriptorIsTold) {
  EXPECT_FALSE(page_.lostDescriptor());
  worker().lostDescriptor = 5;
  EXPECT_EQ(page_.lostDescriptor(), 4);
}

TEST_F(WorkerPageTest, AttestsHowFarTheJobHadCome) {
  send({1});
  begin(1);
  worker().progress.post(1, 0.25, "a quarter");
  worker().element = 3;
  DeathCertificate death;
  EXPECT_TRUE(page_.attest(death));
  EXPECT_EQ(death.job, 1U);
  EXPECT_EQ(death.begun, DeathCertificate::Begun::yes);
  EXPECT_EQ(death.phase, Phase::running);
  EXPECT_EQ(death.progress, 0.25);
  EXPECT_EQ(death.element, 2U) << "on the page elements are counted from 1";
}

TEST_F(WorkerPageTest, AttestsOfAJobThatHadNotBegunOnlyThatItWasOnItsWay) {
  send({1});
  worker().element = 3;
  DeathCertificate death;
  EXPECT_TRUE(page_.attest(death));
  EXPECT_EQ(death.job, 1U);
  EXPECT_EQ(death.begun, DeathCertificate::Begun::no);
  EXPECT_FALSE(death.element);
}

TEST_F(WorkerPageTest, AJobWhoseMessageWasRefusedCountsAsBegun) {
  send({1});
  worker().refusedJob = kRefusedToMessage;
  DeathCertificate death;
  page_.attest(death);
  EXPECT_EQ(death.begun, DeathCertificate::Begun::yes);
}

TEST_F(WorkerPageTest, WithoutAJobNoneIsAttested) {
  DeathCertificate death;
  EXPECT_FALSE(page_.attest(death));
  EXPECT_EQ(death.job, 0U);
}

}  // namespace
}  // namespace phial::detail
