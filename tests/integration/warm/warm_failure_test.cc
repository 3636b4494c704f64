// Preparations that fail: each is StartupFailed with the reason, and nothing hangs.
#include "warm_fixture.h"

namespace phial {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

inline constexpr Function<void(std::string)> kNobodyPrepares{"warm.nobody"};

class WarmFailureTest : public WarmPoolTest {
 protected:
  /// Why the pool does not start. The pool's clock is moved over the pauses between two tries.
  std::string whyNot(WorkerPreparation warm, std::size_t workers = 1) {
    auto& pool = warmPool({.min = workers,
                           .max = workers,
                           .startTimeout = std::chrono::hours(1000),
                           .warm = std::move(warm)},
                          &clock_);
    const Failure failure = failureOverPauses(pool.start());
    EXPECT_TRUE(failure.check<StartupFailed>()) << failure.describe();
    return failure.describe();
  }
  Failure failureOverPauses(Deferred<void> started) {
    std::optional<Outcome<void>> result;
    std::move(started).addBoth([&](Outcome<void> outcome) { result.emplace(std::move(outcome)); });
    runUntil([&] {
      if (!result && pool_->stats().workers == 0) clock_.advance(std::chrono::seconds(1));
      return result.has_value();
    });
    if (!result->ok()) return result->failure();
    ADD_FAILURE() << "it started";
    return Failure(std::logic_error("it started"));
  }
};

TEST_F(WarmFailureTest, AnExceptionIsStartupFailedWithItsTextAndStderr) {
  EXPECT_THAT(whyNot(prepareWith<warm_jobs::complainAndThrow>("no model here")),
              AllOf(HasSubstr("its prepare threw std::runtime_error: no model here"),
                    HasSubstr("about to fail"), HasSubstr("exited with status 69")));
}

TEST_F(WarmFailureTest, AllWorkersThatWaitHearOfIt) {
  EXPECT_THAT(whyNot(prepareWith<warm_jobs::complainAndThrow>("no model here"), 4),
              HasSubstr("no model here"));
}

TEST_F(WarmFailureTest, ASecondThreadIsRefusedByItsName) {
  EXPECT_THAT(whyNot(prepareWith<warm_jobs::startThread>()),
              AllOf(HasSubstr("other threads"), HasSubstr("\"model-loader\"")));
}

TEST_F(WarmFailureTest, AnExitIsStartupFailedWithItsStatus) {
  EXPECT_THAT(
      whyNot(prepareWith<warm_jobs::leave>(7)),
      AllOf(HasSubstr("exited with status 7"), HasSubstr("its template ended while it prepared")));
}

TEST_F(WarmFailureTest, ACrashIsStartupFailedWithItsSignal) {
  EXPECT_THAT(whyNot(prepareWith<warm_jobs::crash>()), HasSubstr("SIGABRT"));
}

TEST_F(WarmFailureTest, AFunctionThatNobodyHasIsNamed) {
  EXPECT_THAT(whyNot(prepareWith<kNobodyPrepares>("x")), HasSubstr("warm.nobody"));
}

TEST_F(WarmFailureTest, AProgramThatNeverServesIsStartupFailed) {
  auto& pool = warmPool(
      {.worker = {"/bin/true"}, .min = 1, .max = 1, .warm = prepareWith<warm_jobs::seedAlike>()},
      &clock_);
  const Failure failure = failureOverPauses(pool.start());
  EXPECT_THAT(failure.describe(), HasSubstr("its template ended while it prepared"));
}

TEST_F(WarmFailureTest, AProgramThatIsNotThereIsStartupFailed) {
  auto& pool = warmPool({.worker = {directory_ + "/missing"},
                         .min = 1,
                         .max = 1,
                         .warm = prepareWith<warm_jobs::seedAlike>()},
                        &clock_);
  const Failure failure = failureOverPauses(pool.start());
  EXPECT_TRUE(failure.check<StartupFailed>());
  EXPECT_THAT(failure.describe(), HasSubstr("No such file"));
}

TEST_F(WarmFailureTest, OneThatDoesNotReturnIsEndedInTime) {
  auto& pool = warmPool({.min = 1,
                         .max = 1,
                         .startTimeout = std::chrono::seconds(10),
                         .warm = prepareWith<warm_jobs::hang>(notes_)},
                        &clock_);
  pool.start().addErrback([](const Failure&) {});
  runUntil([&] { return notes().size() == 1; });
  clock_.advance(std::chrono::seconds(9));
  passTurns();
  EXPECT_EQ(pool.stats().starting, 1U);
  clock_.advance(std::chrono::seconds(2));
  runUntil([&] { return pool.stats().deaths == 1; });
  EXPECT_THAT(deaths_->all.front().describe(), HasSubstr("its prepare did not return in time"));
}

TEST_F(WarmFailureTest, StopDuringThePreparationEndsIt) {
  auto& pool = warmPool({.min = 2, .max = 2, .warm = prepareWith<warm_jobs::hang>(notes_)});
  pool.start().addErrback([](const Failure&) {});
  auto job = pool.deferToProcess<warm_jobs::state>();
  runUntil([&] { return notes().size() == 1; });
  auto stopped = pool.stop();
  EXPECT_TRUE(failureOf(std::move(job)).check<PoolStopped>());
  valueOf(std::move(stopped));
  runUntil([&] { return ::kill(notes().front(), 0) != 0; });
}

TEST_F(WarmFailureTest, APoolThatIsDestroyedDuringThePreparationLeavesNothing) {
  auto& pool = warmPool({.min = 2, .max = 2, .warm = prepareWith<warm_jobs::hang>(notes_)});
  auto job = pool.deferToProcess<warm_jobs::state>();
  runUntil([&] { return notes().size() == 1; });
  observation_ = {};
  pool_.reset();
  EXPECT_TRUE(failureOf(std::move(job)).check<PoolStopped>());
}

TEST_F(WarmFailureTest, ALogThatDestroysThePoolDuringThePreparationIsLeftInPeace) {
  warmPool({.min = 1,
            .max = 1,
            .warm = prepareWith<warm_jobs::complainAndThrow>("no model here"),
            .onLog = [this](const LogRecord&) {
              observation_ = {};
              pool_.reset();
            }});
  EXPECT_FALSE(await(pool_->start()).ok());
}

TEST_F(WarmFailureTest, KillingTheWorkersThatWaitDoesNotEndTheirPreparation) {
  auto& pool = warmPool({.min = 1, .max = 1, .warm = prepareWith<warm_jobs::hangOnce>(notes_)});
  pool.start().addErrback([](const Failure&) {});
  runUntil([&] { return notes().size() == 1; });
  valueOf(pool.killWorkers());
  EXPECT_THAT(notes(), SizeIs(1));
  // The preparation is killed from outside: a spawned worker prepares itself.
  ::kill(notes().front(), SIGKILL);
  EXPECT_EQ(stateOf(), "at last");
}

TEST_F(WarmFailureTest, AReloadWhosePreparationFailsLeavesTheOldWorkers) {
  const std::string program = directory_ + "/program";
  std::filesystem::create_symlink("/proc/self/exe", program);
  auto& pool = warmPool({.worker = {std::filesystem::read_symlink("/proc/self/exe")},
                         .min = 1,
                         .max = 1,
                         .startTimeout = std::chrono::hours(1000),
                         .warm = prepareWith<warm_jobs::hangOnce>(notes_)},
                        &clock_);
  std::ofstream(notes_) << "0\n";  // the first one does not hang
  valueOf(pool.start());
  std::filesystem::remove(notes_);  // the next one does
  std::optional<Outcome<void>> reloaded;
  pool.reload().addBoth([&](Outcome<void> outcome) { reloaded.emplace(std::move(outcome)); });
  for (unsigned i = 0; i < RestartOptions{}.failedStarts && !reloaded; ++i) {
    runUntil([&] { return notes().size() == 1 || reloaded; });
    std::filesystem::remove(notes_);
    EXPECT_EQ(stateOf(), "at last") << "the old worker serves";
    clock_.advance(std::chrono::hours(1001));
    const auto deaths = pool.stats().deaths;
    runUntil([&] { return pool.stats().deaths > deaths || reloaded; });
    clock_.advance(std::chrono::seconds(31));
  }
  runUntil([&] { return reloaded.has_value(); });
  EXPECT_FALSE(reloaded->ok());
  EXPECT_EQ(stateOf(), "at last");
}

}  // namespace
}  // namespace phial
