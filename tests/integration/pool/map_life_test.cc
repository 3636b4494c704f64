// The ends of a map: cancelled, stopped, destroyed from inside. Each settles once, and nothing is
// left; the fixture looks after children, descriptors and the ledger.
#include <fstream>
#include <iterator>

#include "map_jobs.h"
#include "pool_fixture.h"
#include "tests/unit/deferred/unhandled.h"

namespace phial {
namespace {

using map_jobs::Step;

class PoolMapLifeTest : public PoolTest {
 protected:
  /// Steps of which the first blocks until letGo(block_).
  std::vector<Step> heldSteps(int count) {
    block_ = makeFifo("block");
    std::vector<Step> all;
    for (int i = 0; i < count; ++i) all.push_back({i, Step::What::pass, directory_ + "/steps"});
    all[0] = {0, Step::What::block, block_};
    return all;
  }
  /// Runs the loop until the first step has begun. It goes on when what this returns is closed.
  int awaitHeldStep() {
    int writer = -1;
    runUntil(
        [&] { return (writer = ::open(block_.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK)) >= 0; });
    return writer;
  }
  std::vector<int> begun() const {
    std::ifstream file(directory_ + "/steps");
    return {std::istream_iterator<int>(file), {}};
  }
  static std::vector<int> ones(std::size_t count) { return std::vector<int>(count, 1); }

  std::string block_;
  UnhandledErrors unhandled_;
};

TEST_F(PoolMapLifeTest, CancellingCancelsWhatIsInFlightAndSubmitsNoMore) {
  auto& pool = makePool({.max = 1});
  auto results = pool.with({.chunk = 10}).map<map_jobs::walk>(heldSteps(100));
  const int writer = awaitHeldStep();
  results.cancel();
  EXPECT_EQ(pool.stats().cancelled, 2U);
  EXPECT_EQ(pool.stats().queued + pool.stats().running, 0U);
  EXPECT_TRUE(failureOf(std::move(results)).check<CancelledError>());
  ::close(writer);
  passTurns();
  EXPECT_EQ(pool.stats().submitted, 2U);
}

TEST_F(PoolMapLifeTest, ACancelledChunkGivesUpBetweenItsElements) {
  auto& pool = makePool({.max = 1});
  const pid_t before = valueOf(pool.deferToProcess<jobs::whoAmI>());
  auto results = pool.with({.chunk = 10}).map<map_jobs::walk>(heldSteps(10));
  const int writer = awaitHeldStep();
  results.cancel();
  ::close(writer);
  EXPECT_TRUE(failureOf(std::move(results)).check<CancelledError>());
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::whoAmI>()), before) << "no worker was ended for it";
  EXPECT_TRUE(begun().empty()) << "the second element was begun";
}

TEST_F(PoolMapLifeTest, DroppingTheDeferredCancelsNothing) {
  auto& pool = makePool({.max = 2});
  int told = 0;
  pool.with({.chunk = 3}).forEach<map_jobs::twice>(ones(100), [&](std::size_t, int) { ++told; });
  (void)pool.with({.chunk = 3}).map<map_jobs::twice>(ones(100));
  runUntil([&] { return told == 100 && pool.stats().queued + pool.stats().running == 0; });
  EXPECT_EQ(pool.stats().succeeded, 68U);
}

TEST_F(PoolMapLifeTest, ACallbackThatThrowsFailsTheForEachAndGivesUpTheRest) {
  auto& pool = makePool({.min = 2, .max = 2});
  int told = 0;
  const Failure failure =
      failureOf(pool.with({.chunk = 1}).forEach<map_jobs::twice>(ones(1000), [&](std::size_t, int) {
        if (++told == 5) throw std::out_of_range("enough");
      }));
  EXPECT_TRUE(failure.check<std::out_of_range>());
  EXPECT_EQ(told, 5);
  EXPECT_LT(pool.stats().submitted, 100U);
  EXPECT_EQ(pool.stats().queued + pool.stats().running, 0U);
}

TEST_F(PoolMapLifeTest, ACallbackWhoseDeferredFailsDoesTheSame) {
  auto& pool = makePool({.max = 1});
  int told = 0;
  EXPECT_EQ(failureOf(pool.with({.chunk = 1})
                          .forEach<map_jobs::twice>(ones(1000),
                                                    [&](std::size_t, int) {
                                                      ++told;
                                                      return fail<void>(std::range_error("no"));
                                                    }))
                .message(),
            "no");
  EXPECT_EQ(told, 1);
}

TEST_F(PoolMapLifeTest, TheFirstFailureIsToldThoughTheCallbackIsBusy) {
  auto& pool = makePool({.min = 2, .max = 2});
  auto gate = newDeferred<void>();
  std::vector<Step> all(50);
  block_ = makeFifo("block");
  all[30] = {30, Step::What::block, block_};
  all[31].what = Step::What::fail;
  int told = 0;
  auto done = pool.with({.chunk = 10}).forEach<map_jobs::walk>(all, [&](std::size_t, int) {
    ++told;
    return std::move(gate.deferred);
  });
  runUntil([&] { return told == 1; });
  letGo(block_);
  runUntil([&] { return pool.stats().queued + pool.stats().running == 0; });
  EXPECT_FALSE(done.called()) << "not while its callback is under way";
  gate.resolver.callback();
  EXPECT_EQ(failureOf(std::move(done)).index(), 31U);
  EXPECT_EQ(told, 1);
}

TEST_F(PoolMapLifeTest, CancellingInsideTheCallbackEndsTheForEach) {
  auto& pool = makePool({.max = 1});
  int told = 0;
  Deferred<void> done;
  done = pool.with({.chunk = 50}).forEach<map_jobs::twice>(ones(1000), [&](std::size_t, int) {
    if (++told == 3) done.cancel();
  });
  runUntil([&] { return done.called(); });
  EXPECT_TRUE(failureOf(std::move(done)).check<CancelledError>());
  passTurns();
  EXPECT_EQ(told, 3);
  EXPECT_EQ(pool.stats().queued + pool.stats().running, 0U);
}

TEST_F(PoolMapLifeTest, CancellingReachesTheDeferredOfTheCallback) {
  auto& pool = makePool({.max = 1});
  bool cancelled = false;
  auto inner = newDeferred<void>([&] { cancelled = true; });
  bool called = false;
  auto done = pool.forEach<map_jobs::twice>(ones(10), [&](std::size_t, int) {
    called = true;
    return std::move(inner.deferred);
  });
  runUntil([&] { return called; });
  done.cancel();
  EXPECT_TRUE(cancelled);
  EXPECT_TRUE(failureOf(std::move(done)).check<CancelledError>());
}

TEST_F(PoolMapLifeTest, ACallbackThatIsNeverAnsweredIsDestroyedWithTheForEach) {
  auto& pool = makePool({.max = 1});
  auto witness = std::make_shared<int>(0);
  bool called = false;
  {
    auto done = pool.forEach<map_jobs::twice>(ones(10), [&called, witness](std::size_t, int) {
      called = true;
      return newDeferred<void>().deferred;
    });
    runUntil([&] { return called && pool.stats().queued + pool.stats().running == 0; });
  }
  EXPECT_EQ(witness.use_count(), 1);
}

TEST_F(PoolMapLifeTest, ThePoolMayBeDestroyedByTheCallback) {
  auto& pool = makePool({.min = 2, .max = 2});
  int told = 0;
  auto done = pool.with({.chunk = 10}).forEach<map_jobs::twice>(ones(1000), [&](std::size_t, int) {
    if (++told == 4) pool_.reset();
  });
  EXPECT_TRUE(failureOf(std::move(done)).check<PoolStopped>());
  EXPECT_EQ(told, 4);
}

TEST_F(PoolMapLifeTest, ThePoolMayBeDestroyedByTheCallbackThoughAllIsComputed) {
  auto& pool = makePool({.max = 1});
  int told = 0;
  auto done = pool.with({.chunk = 10}).forEach<map_jobs::twice>(ones(10), [&](std::size_t, int) {
    if (++told == 4) pool_.reset();
  });
  EXPECT_TRUE(failureOf(std::move(done)).check<PoolStopped>());
  EXPECT_EQ(told, 4);
}

TEST_F(PoolMapLifeTest, ThePoolMayBeDestroyedBetweenTwoTurnsOfAForEach) {
  auto& pool = makePool({.max = 1});
  int told = 0;
  auto done =
      pool.with({.chunk = 1000}).forEach<map_jobs::twice>(ones(1000), [&](std::size_t, int) {
        ++told;
        map_jobs::burn(1);
      });
  runUntil([&] { return told > 0; });
  ASSERT_LT(told, 1000);
  pool_.reset();
  EXPECT_TRUE(done.called()) << "the destructor settles it";
  EXPECT_TRUE(failureOf(std::move(done)).check<PoolStopped>());
  const int toldThen = told;
  passTurns();
  EXPECT_EQ(told, toldThen);
}

TEST_F(PoolMapLifeTest, DestroyingThePoolSettlesEachMap) {
  auto& pool = makePool({.max = 1});
  auto map = pool.with({.chunk = 10}).map<map_jobs::walk>(heldSteps(100));
  auto outcomes = pool.mapOutcomes<map_jobs::twice>(ones(100));
  auto each = pool.forEach<map_jobs::twice>(ones(100), [](std::size_t, int) {});
  runUntil([&] { return pool.stats().running == 1; });
  pool_.reset();
  EXPECT_TRUE(map.called() && outcomes.called() && each.called());
  EXPECT_TRUE(failureOf(std::move(map)).check<PoolStopped>());
  EXPECT_TRUE(failureOf(std::move(outcomes)).check<PoolStopped>());
  EXPECT_TRUE(failureOf(std::move(each)).check<PoolStopped>());
}

TEST_F(PoolMapLifeTest, DestroyingThePoolSettlesAMapThatWaitsForRoom) {
  auto& pool = makePool({.max = 1, .maxQueue = 1});
  auto held = pool.with({.chunk = 1, .inFlight = 1}).map<map_jobs::walk>(heldSteps(1));
  runUntil([&] { return pool.stats().running == 1; });
  auto inTheWay = pool.deferToProcess<jobs::add>(1, 1);
  auto map = pool.map<map_jobs::twice>(ones(10));
  pool_.reset();
  EXPECT_TRUE(failureOf(std::move(map)).check<PoolStopped>());
  EXPECT_TRUE(failureOf(std::move(inTheWay)).check<PoolStopped>());
  EXPECT_TRUE(failureOf(std::move(held)).check<PoolStopped>());
}

TEST_F(PoolMapLifeTest, CancellingAMapThatWaitsForRoomForgetsIt) {
  auto& pool = makePool({.max = 1, .maxQueue = 1});
  auto held = pool.with({.chunk = 1, .inFlight = 1}).map<map_jobs::walk>(heldSteps(1));
  runUntil([&] { return pool.stats().running == 1; });
  auto inTheWay = pool.deferToProcess<jobs::add>(1, 1);
  auto map = pool.map<map_jobs::twice>(ones(10));
  map.cancel();
  EXPECT_TRUE(failureOf(std::move(map)).check<CancelledError>());
  letGo(block_);
  valueOf(std::move(held));
  valueOf(std::move(inTheWay));
  EXPECT_EQ(pool.stats().submitted, 2U);
}

TEST_F(PoolMapLifeTest, StopFailsAMapAndAMapAfterIt) {
  auto& pool = makePool({.max = 1});
  auto map = pool.with({.chunk = 10}).mapOutcomes<map_jobs::walk>(heldSteps(100));
  const int writer = awaitHeldStep();
  auto stopped = pool.stop();
  EXPECT_TRUE(failureOf(std::move(map)).check<PoolStopped>());
  EXPECT_TRUE(failureOf(pool.map<map_jobs::twice>(ones(3))).check<PoolStopped>());
  ::close(writer);
  valueOf(std::move(stopped));
}

TEST_F(PoolMapLifeTest, StoppingInsideTheCallbackStillTellsWhatIsThere) {
  auto& pool = makePool({.max = 1});
  int told = 0;
  valueOf(pool.with({.chunk = 100}).forEach<map_jobs::twice>(ones(100), [&](std::size_t, int) {
    if (++told == 1) (void)pool.stop();
    map_jobs::burn(told < 50 ? 1 : 0);
  }));
  EXPECT_EQ(told, 100);
}

TEST_F(PoolMapLifeTest, TheRangeMayCancelTheMapThatReadsIt) {
  auto& pool = makePool({.max = 1});
  Deferred<std::vector<int>> map;
  int read = 0;
  auto range = std::views::iota(0) | std::views::transform([&](int n) {
                 if (++read == 20) map.cancel();
                 return n;
               });
  map = pool.with({.chunk = 3}).map<map_jobs::twice>(range);
  runUntil([&] { return map.called(); });
  EXPECT_TRUE(failureOf(std::move(map)).check<CancelledError>());
  EXPECT_LE(read, 21);
  EXPECT_EQ(pool.stats().queued + pool.stats().running, 0U);
}

TEST_F(PoolMapLifeTest, TheRangeMayDestroyThePool) {
  auto& pool = makePool({.max = 1});
  int read = 0;
  auto range = std::views::iota(0) | std::views::transform([&](int n) {
                 if (++read == 20) pool_.reset();
                 return n;
               });
  EXPECT_TRUE(failureOf(pool.with({.chunk = 3}).map<map_jobs::twice>(range)).check<PoolStopped>());
}

TEST_F(PoolMapLifeTest, RangeAndCallbackAreDestroyedBeforeTheDeferredFires) {
  auto& pool = makePool({.max = 1});
  auto witness = std::make_shared<int>(0);
  auto range = std::views::iota(0, 10) | std::views::transform([witness](int n) { return n; });
  long holders = -1;
  auto done = pool.forEach<map_jobs::twice>(std::move(range), [witness](std::size_t, int) {})
                  .addCallback([&] { holders = witness.use_count(); });
  valueOf(std::move(done));
  // The test's own, and its moved-from range's.
  EXPECT_LE(holders, 2);
}

}  // namespace
}  // namespace phial
