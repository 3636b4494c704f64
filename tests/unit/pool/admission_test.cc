#include "master/pool/admission.h"

#include "tests/unit/pool/crew_fixture.h"

namespace phial::detail {
namespace {

using std::chrono::seconds;

class AdmissionTest : public CrewFixture {
 protected:
  AdmissionTest() {
    options_.maxQueue = 1;
    options_.max = 2;
    options_.maxMessageBytes = 1U << 20U;
  }

  Admission& admission() {
    if (!admission_) admission_.emplace(context_, life_, books_, crew(), schedule());
    return *admission_;
  }
  Schedule& schedule() {
    if (!schedule_)
      schedule_.emplace(crew().roster(), books_.queue(), books_.placed(), options_.max);
    return *schedule_;
  }
  template <class... Args>
  std::optional<Failure> refusal(JobOptions options, Args... arguments) {
    const auto given = Ref(new CallOptions(MapOptions{.job = std::move(options)}));
    const Ref<Job> job(new TypedJob<void, Args...>({jobOwner_, 1000}, given, kSomeFunction,
                                                   std::tuple<Args...>(std::move(arguments)...)));
    return admission().refusal(*job);
  }

  PoolLife life_{clock_, settlements_};
  std::optional<Schedule> schedule_;
  std::optional<Admission> admission_;
};

TEST_F(AdmissionTest, AJobComesInWhenNothingSpeaksAgainstIt) {
  EXPECT_FALSE(refusal({}));
  EXPECT_FALSE(admission().startRefusal());
}

TEST_F(AdmissionTest, WrongOptionsAreTheJobsFailure) {
  EXPECT_TRUE(refusal({.timeout = -seconds(1)})->check<std::invalid_argument>());
}

TEST_F(AdmissionTest, AFullQueueTakesNoJob) {
  EXPECT_TRUE(admission().hasRoom());
  enter();
  EXPECT_FALSE(admission().hasRoom());
  EXPECT_TRUE(refusal({})->check<QueueFull>());
}

TEST_F(AdmissionTest, AFreeWorkerIsRoom) {
  enter();
  fillUpReady();
  EXPECT_TRUE(admission().hasRoom());
}

TEST_F(AdmissionTest, ArgumentsThatFitIntoNoMessageAreRefused) {
  EXPECT_FALSE(refusal({}, std::string(1U << 19U, 'x')));
  EXPECT_TRUE(refusal({}, std::string(1U << 20U, 'x'))->check<EncodingError>());
}

TEST_F(AdmissionTest, ADeadlineThatHasPassedIsRefused) {
  EXPECT_TRUE(refusal({.deadline = clock_.now()})->check<DeadlineExceeded>());
  EXPECT_FALSE(refusal({.deadline = clock_.now() + seconds(1)}));
}

TEST_F(AdmissionTest, APoolThatEndsTakesNoJobAndDoesNotStart) {
  EXPECT_FALSE(admission().stopped());
  auto stop = life_.stop({.drainQueue = true});
  EXPECT_TRUE(refusal({})->check<PoolStopped>());
  EXPECT_TRUE(admission().startRefusal()->check<PoolStopped>());
}

TEST_F(AdmissionTest, NoJobWaitsInVainWhileNoWorkerGetsReady) {
  DeathCertificate death;
  death.cause = DeathCause::startup;
  crew().giveUp(death);
  enter();
  books_.condemn(Failure(StartupFailed(death)));
  EXPECT_TRUE(refusal({})->check<StartupFailed>());
  EXPECT_TRUE(admission().startRefusal()->check<StartupFailed>());
  deliverAll();
  books_.failCondemned();
  EXPECT_FALSE(admission().startRefusal()) << "the next may be tried";
}

}  // namespace
}  // namespace phial::detail
