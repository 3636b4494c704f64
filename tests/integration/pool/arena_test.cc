// Large arguments and results, through shared memory and without.
#include <gmock/gmock.h>
#include <signal.h>

#include "arena_jobs.h"
#include "pool_fixture.h"

namespace phial {
namespace {

using jobs::digest;
using jobs::Words;
using testing::HasSubstr;

constexpr std::size_t kCount = (std::size_t{64} << 20) / sizeof(std::uint64_t);
constexpr std::uint64_t kPage = 4096;

class PoolArenaTest : public PoolTest {
 protected:
  static const Words& words() {
    static const Words all = jobs::someWords(kCount);
    return all;
  }
  /// The worker is another one, or as good as ever.
  void expectService() {
    EXPECT_EQ(valueOf(pool_->deferToProcess<jobs::digest>(words())), digest(words()));
    EXPECT_EQ(digest(valueOf(pool_->deferToProcess<jobs::sendBack>(words()))), digest(words()));
  }
  void expectProtocolError(std::uint32_t slot, std::uint64_t offset, std::uint64_t bytes,
                           const std::string& why) {
    const Failure failure = failureOf(pool_->deferToProcess<jobs::refer>(slot, offset, bytes));
    EXPECT_TRUE(failure.check<ProtocolError>()) << failure.type();
    EXPECT_THAT(failure.describe(), HasSubstr(why));
  }
};

TEST_F(PoolArenaTest, LargeArgumentsAndResultsArriveAsTheyWere) {
  makePool({.max = 1});
  for (int i = 0; i < 3; ++i) expectService();
}

TEST_F(PoolArenaTest, SoTheyDoWithoutAnArena) {
  makePool({.max = 1, .arenaBytes = 0});
  expectService();
}

TEST_F(PoolArenaTest, SoTheyDoWhenTheArenaIsTooSmall) {
  makePool({.max = 1, .arenaBytes = 1 << 20});
  expectService();
}

TEST_F(PoolArenaTest, SoTheyDoWhenTheWorkerHasNoAddressSpaceForAnArena) {
#if defined(PHIAL_ADDRESS_SANITIZER) || defined(PHIAL_THREAD_SANITIZER)
  GTEST_SKIP() << "a sanitizer needs terabytes of address space";
#endif
  auto& pool = makePool({.max = 1, .limits = {.addressSpaceBytes = std::uint64_t{200} << 20}});
  const auto some = jobs::someWords(kCount / 4);
  EXPECT_EQ(digest(valueOf(pool.deferToProcess<jobs::sendBack>(some))), digest(some));
}

TEST_F(PoolArenaTest, ASpanIsReadWhereItLies) {
  auto& pool = makePool({.max = 1});
  EXPECT_TRUE(valueOf(pool.deferToProcess<jobs::liesInTheArena>(words())));
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::digestInPlace>(words())), digest(words()));
  const auto few = jobs::someWords(10);
  EXPECT_FALSE(valueOf(pool.deferToProcess<jobs::liesInTheArena>(few)));
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::digestInPlace>(few)), digest(few));
}

TEST_F(PoolArenaTest, AWorkerCannotWriteToItsArguments) {
  auto& pool = makePool({.max = 1});
  EXPECT_TRUE(failureOf(pool.deferToProcess<jobs::writeToSpan>(words())).check<WorkerDied>());
  expectService();
}

TEST_F(PoolArenaTest, AWorkerThatDiesReadingFailsItsJobAlone) {
  auto& pool = makePool({.max = 1});
  const auto path = makeFifo("hangs");
  auto job = pool.deferToProcess<jobs::holdSpanAndHang>(words(), path);
  awaitAnnouncement(path);
  ::kill(pool.workers().at(0).pid, SIGKILL);
  EXPECT_TRUE(failureOf(std::move(job)).check<WorkerDied>());
  expectService();
}

TEST_F(PoolArenaTest, AWorkerThatDiesWritingFailsItsJobAlone) {
  auto& pool = makePool({.max = 1});
  EXPECT_TRUE(failureOf(pool.deferToProcess<jobs::dieWriting>(kCount)).check<WorkerDied>());
  expectService();
}

TEST_F(PoolArenaTest, AWorkerThatDiesWhileItsArgumentsAreWrittenLosesNoJob) {
  auto& pool = makePool({.max = 1});
  valueOf(pool.start());
  auto job = pool.deferToProcess<jobs::digest>(words());
  ::kill(pool.workers().at(0).pid, SIGKILL);
  EXPECT_EQ(valueOf(std::move(job)), digest(words()));
  EXPECT_EQ(pool.stats().rerun, 1u);
}

TEST_F(PoolArenaTest, AJobThatIsCancelledWhileItsArgumentsAreWrittenHarmsNobody) {
  auto& pool = makePool({.max = 1});
  valueOf(pool.start());
  for (int i = 0; i < 5; ++i) {
    auto job = pool.deferToProcess<jobs::digestInPlace>(words());
    for (int turns = 0; turns < i; ++turns) valueOf(deferLater(*reactor_, Duration::zero(), [] {}));
    job.cancel();
    EXPECT_TRUE(failureOf(std::move(job)).check<CancelledError>());
  }
  expectService();
}

TEST_F(PoolArenaTest, NonsenseReferencesEndTheirWorkerAlone) {
  makePool({.max = 1});
  expectProtocolError(64, kPage, 64, "a slot that there is not");
  expectProtocolError(0, 0, 64, "bytes outside of it");
  expectProtocolError(0, kPage, std::uint64_t(-8), "bytes outside of it");
  expectProtocolError(0, std::uint64_t{1} << 40, 64, "bytes outside of it");
  expectProtocolError(0, kPage, 7, "bytes that are no frame");
  expectProtocolError(0, kPage, 64, "claims bytes that are not there");  // nothing was written
  expectService();
}

TEST_F(PoolArenaTest, AWorkerThatWritesWhatTheMasterCopiesHarmsItselfAlone) {
  auto& pool = makePool({.min = 2, .max = 2});
  for (int i = 0; i < 3; ++i) {
    auto scribbled = pool.deferToProcess<jobs::scribble>(kCount);
    auto sound = pool.deferToProcess<jobs::sendBack>(words());
    EXPECT_EQ(digest(valueOf(std::move(sound))), digest(words()));
    // Whatever the verdict on nonsense is, there is one.
    const auto outcome = await(std::move(scribbled));
    if (outcome.ok()) {
      EXPECT_EQ(outcome.value().size(), kCount);
    } else {
      EXPECT_TRUE(outcome.failure().check<Error>()) << outcome.failure().type();
    }
    valueOf(pool.reload());  // the scribbler goes
  }
}

TEST_F(PoolArenaTest, AWorkerThatFreesWhatItReadsHarmsItselfAlone) {
  auto& pool = makePool({.max = 1});
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::freeEverything>(kCount)), words());
  expectService();
}

}  // namespace
}  // namespace phial
