#include "master/pool/verdict.h"

#include <gtest/gtest.h>
#include <phial/master/errors.h>

#include <string>
#include <vector>

namespace phial::detail {
namespace {

using Fate = Verdict::Fate;

DeathCertificate deathOf(DeathCause cause) {
  DeathCertificate death;
  death.worker = 7;
  death.cause = cause;
  death.function = "work";
  return death;
}

const std::vector<DeathCause> kOfItself{
    DeathCause::crash,  DeathCause::memory,   DeathCause::damaged, DeathCause::unresponsive,
    DeathCause::reaped, DeathCause::deadline, DeathCause::cancel};

TEST(VerdictTest, AJobThatRanFailsWithItsWorker) {
  for (const DeathCause cause : kOfItself) {
    for (const Rerun rerun : {Rerun::unlessBegun, Rerun::never}) {
      Strikes strikes;
      const auto verdict =
          judge(deathOf(cause), AtDeath::running, {.rerun = rerun}, QueueMode::open, strikes);
      ASSERT_EQ(verdict.fate, Fate::fails) << causeName(cause);
      EXPECT_TRUE(verdict.failure->check<WorkerDied>()) << causeName(cause);
      EXPECT_FALSE(strikes.any());
    }
  }
}

TEST(VerdictTest, OneThatRanRestsAndRunsAgainIfItIsTo) {
  Strikes strikes;
  const RerunRule always{.rerun = Rerun::always, .maxAttempts = 3};
  for (std::size_t deaths = 1; deaths < always.maxAttempts; ++deaths) {
    const auto verdict =
        judge(deathOf(DeathCause::crash), AtDeath::running, always, QueueMode::open, strikes);
    EXPECT_EQ(verdict.fate, Fate::runsAgainAfterPause);
    EXPECT_EQ(strikes.deaths.size(), deaths);
  }
}

TEST(VerdictTest, AfterItsLastAttemptItIsPoisonWithEachDeath) {
  Strikes strikes;
  strikes.deaths.assign(2, deathOf(DeathCause::crash));
  const auto verdict = judge(deathOf(DeathCause::memory), AtDeath::running,
                             {.rerun = Rerun::always, .maxAttempts = 3}, QueueMode::open, strikes);
  ASSERT_EQ(verdict.fate, Fate::fails);
  ASSERT_TRUE(verdict.failure->check<PoisonJob>());
  EXPECT_EQ(verdict.failure->certificate()->cause, DeathCause::memory);
  EXPECT_EQ(strikes.deaths.size(), 3u);
}

TEST(VerdictTest, WhoRunsAgainDoesNotWhereTheQueueIsClosed) {
  Strikes strikes;
  const auto verdict = judge(deathOf(DeathCause::crash), AtDeath::running, {.rerun = Rerun::always},
                             QueueMode::closed, strikes);
  ASSERT_EQ(verdict.fate, Fate::fails);
  EXPECT_TRUE(verdict.failure->check<WorkerDied>());
}

TEST(VerdictTest, ATimeLimitIsItsOwnErrorWhateverIsToRunAgain) {
  for (const Rerun rerun : {Rerun::unlessBegun, Rerun::never, Rerun::always}) {
    Strikes strikes;
    const auto hard = judge(deathOf(DeathCause::timeout), AtDeath::running, {.rerun = rerun},
                            QueueMode::open, strikes);
    const auto soft = judge(deathOf(DeathCause::softTimeout), AtDeath::running, {.rerun = rerun},
                            QueueMode::open, strikes);
    ASSERT_TRUE(hard.fate == Fate::fails && soft.fate == Fate::fails);
    EXPECT_TRUE(hard.failure->check<JobTimedOut>());
    EXPECT_FALSE(hard.failure->check<SoftTimeoutExceeded>());
    EXPECT_TRUE(soft.failure->check<SoftTimeoutExceeded>());
    EXPECT_FALSE(strikes.any());
  }
}

TEST(VerdictTest, ABreachOfTheProtocolIsToldAsOne) {
  Strikes strikes;
  const auto verdict =
      judge(deathOf(DeathCause::protocol), AtDeath::running, {}, QueueMode::open, strikes);
  ASSERT_EQ(verdict.fate, Fate::fails);
  EXPECT_TRUE(verdict.failure->check<ProtocolError>());
}

TEST(VerdictTest, AJobOnItsWayRunsAgainAtOnceWhateverItsWorkerDiedOf) {
  std::vector<DeathCause> causes = kOfItself;
  for (const auto cause :
       {DeathCause::timeout, DeathCause::softTimeout, DeathCause::recycle, DeathCause::protocol}) {
    causes.push_back(cause);
  }
  for (const DeathCause cause : causes) {
    for (const Rerun rerun : {Rerun::unlessBegun, Rerun::never, Rerun::always}) {
      Strikes strikes;
      const auto verdict =
          judge(deathOf(cause), AtDeath::onItsWay, {.rerun = rerun}, QueueMode::open, strikes);
      EXPECT_EQ(verdict.fate, Fate::runsAgain) << causeName(cause);
      EXPECT_EQ(strikes.notBegun, 1u);
    }
  }
}

TEST(VerdictTest, OneWithWhichManyWorkersDieIsGivenUp) {
  Strikes strikes;
  for (unsigned i = 1; i < Verdict::kMostNotBegun; ++i) {
    EXPECT_EQ(
        judge(deathOf(DeathCause::crash), AtDeath::onItsWay, {}, QueueMode::open, strikes).fate,
        Fate::runsAgain);
  }
  const auto last =
      judge(deathOf(DeathCause::crash), AtDeath::onItsWay, {}, QueueMode::open, strikes);
  ASSERT_EQ(last.fate, Fate::fails);
  EXPECT_TRUE(last.failure->check<WorkerDied>());
}

TEST(VerdictTest, OneThatTwoWorkersDoNotTakeUpIsGivenUp) {
  Strikes strikes;
  const auto death = deathOf(DeathCause::unresponsive);
  EXPECT_EQ(judge(death, AtDeath::onItsWay, {}, QueueMode::open, strikes).fate, Fate::runsAgain);
  EXPECT_EQ(judge(death, AtDeath::onItsWay, {}, QueueMode::open, strikes).fate, Fate::fails);
}

TEST(VerdictTest, AJobOnItsWayStopsWithItsPool) {
  Strikes strikes;
  EXPECT_EQ(
      judge(deathOf(DeathCause::crash), AtDeath::onItsWay, {}, QueueMode::closed, strikes).fate,
      Fate::stops);
  for (const AtDeath at : {AtDeath::onItsWay, AtDeath::running}) {
    for (const QueueMode queue : {QueueMode::open, QueueMode::closed}) {
      EXPECT_EQ(judge(deathOf(DeathCause::shutdown), at, {}, queue, strikes).fate, Fate::stops);
    }
  }
  EXPECT_FALSE(strikes.any());
}

TEST(VerdictTest, AJobThatIsBoundToItsWorkerRunsNowhereElse) {
  const RerunRule bound{.rerun = Rerun::always, .where = RerunRule::Where::hereOnly};
  for (const AtDeath at : {AtDeath::onItsWay, AtDeath::running}) {
    Strikes strikes;
    const auto verdict = judge(deathOf(DeathCause::crash), at, bound, QueueMode::open, strikes);
    ASSERT_EQ(verdict.fate, Fate::fails);
    EXPECT_TRUE(verdict.failure->check<WorkerDied>());
  }
  Strikes strikes;
  EXPECT_TRUE(judge(deathOf(DeathCause::timeout), AtDeath::running, bound, QueueMode::open, strikes)
                  .failure->check<JobTimedOut>());
  EXPECT_EQ(
      judge(deathOf(DeathCause::crash), AtDeath::onItsWay, bound, QueueMode::closed, strikes).fate,
      Fate::stops);
}

TEST(VerdictTest, TheTracebackIsWhereTheWorkerWas) {
  auto death = deathOf(DeathCause::crash);
  death.traceback = {"Segmentation fault", "  work() at 0x1"};
  Strikes strikes;
  const auto verdict = judge(death, AtDeath::running, {}, QueueMode::open, strikes);
  EXPECT_EQ(verdict.failure->traceback(), "Segmentation fault\n  work() at 0x1\n");
}

}  // namespace
}  // namespace phial::detail
