#include "master/pool/reload.h"

#include "tests/unit/pool/crew_fixture.h"

namespace phial::detail {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;

class ReloadTest : public CrewFixture {
 protected:
  ReloadTest() {
    options_.min = options_.max = 1;
    demand_.waiting = 0;
  }

  Reload& reload() {
    if (!reload_) reload_.emplace(reporter_, settlements_, crew(), options_.worker);
    return *reload_;
  }
  /// Starts the replacement and lets the old worker go.
  void replaceAll() {
    fillUpReady();
    crew().replaceDeparting(demand_);
    for (auto& each : workers_) {
      if (each->toldToEnd() && each->state() == WorkerState::ending) each->finishEnding();
    }
    reload().advance();
  }

  std::optional<Reload> reload_;
};

TEST_F(ReloadTest, ItEndsWhenTheOldWorkersAreReplaced) {
  fillUpReady();
  auto reloaded = reload().begin();
  reload().advance();
  deliverAll();
  EXPECT_FALSE(reloaded.called());
  replaceAll();
  deliverAll();
  EXPECT_TRUE(reloaded.called());
  EXPECT_EQ(worker(1).toldToEnd(), DeathCause::recycle);
  EXPECT_EQ(crew().roster().serving(), 1U);
}

TEST_F(ReloadTest, WhenItFailsTheOldWorkersStay) {
  fillUpReady();
  std::optional<Failure> failure;
  auto reloaded = reload().begin().addErrback([&](Failure reason) { failure = std::move(reason); });
  reload().fail(Failure(StartupFailed(DeathCertificate())));
  deliverAll();
  EXPECT_TRUE(failure && failure->check<StartupFailed>());
  EXPECT_EQ(crew().roster().staying(), 1U);
  EXPECT_FALSE(worker(1).toldToEnd());
}

TEST_F(ReloadTest, AFailureWithoutAReloadConcernsNobody) {
  fillUpReady();
  deliverAll();
  reload().fail(Failure(StartupFailed(DeathCertificate())));
  EXPECT_TRUE(settlements_.empty());
}

TEST_F(ReloadTest, AProgramThatIsItsOwnWorkerIsStartedByItsPathFromThenOn) {
  fillUpReady();
  auto reloaded = reload().begin();
  EXPECT_THAT(options_.worker, Not(IsEmpty()));
  replaceAll();
  deliverAll();
  EXPECT_THAT(options_.worker, Not(IsEmpty()));
}

TEST_F(ReloadTest, AfterAFailureItIsStartedAsBefore) {
  fillUpReady();
  auto reloaded = reload().begin().addErrback([](const Failure&) {});
  reload().fail(Failure(StartupFailed(DeathCertificate())));
  deliverAll();
  EXPECT_THAT(options_.worker, IsEmpty());
}

TEST_F(ReloadTest, ACommandThatWasGivenStays) {
  options_.worker = {"/bin/worker"};
  fillUpReady();
  auto reloaded = reload().begin().addErrback([](const Failure&) {});
  reload().fail(Failure(StartupFailed(DeathCertificate())));
  deliverAll();
  EXPECT_EQ(options_.worker, std::vector<std::string>{"/bin/worker"});
}

}  // namespace
}  // namespace phial::detail
