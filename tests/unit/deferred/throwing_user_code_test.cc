// Whatever user code throws, and wherever: each Deferred gets its result, and nobody else notices.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/master/clock.h>
#include <phial/master/deferred_list.h>
#include <phial/master/deferred_lock.h>
#include <phial/master/deferred_queue.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/deferred/unhandled.h"

namespace phial {
namespace {

using ::testing::ElementsAre;

class ThrowingUserCodeTest : public ::testing::Test {
 protected:
  static void refuse() { throw std::runtime_error("canceller"); }

  template <class T>
  Deferred<void> note(Deferred<T> deferred) {
    return std::move(deferred).addBoth([this](const Outcome<T>& outcome) {
      seen.push_back(outcome.ok() ? "value" : outcome.failure().message());
    });
  }

  UnhandledErrors unhandled;
  std::vector<std::string> seen;
};

TEST_F(ThrowingUserCodeTest, CancellerOfALoserDoesNotStopTheRaceNorTheWinnersProducer) {
  auto loser = newDeferred<int>(refuse);
  auto winner = newDeferred<int>();
  bool cancelled = false;
  auto third = newDeferred<int>([&] { cancelled = true; });
  auto d =
      note(race(std::move(loser.deferred), std::move(winner.deferred), std::move(third.deferred)));
  EXPECT_NO_THROW(winner.resolver.callback(1));
  EXPECT_TRUE(cancelled);
  EXPECT_THAT(seen, ElementsAre("value"));
}

TEST_F(ThrowingUserCodeTest, LoserOfARaceMayWaitForALockThatIsDestroyed) {
  auto lock = std::make_unique<DeferredLock>();
  auto in = lock->acquire();
  auto waiting = lock->acquire().addCallback([] { return 1; });
  auto other = newDeferred<int>(refuse);
  auto winner = succeed(2);
  auto d = note(race(std::move(waiting), std::move(other.deferred)));
  auto e = note(lock->acquire().addBoth([](auto&&) { refuse(); }));
  lock.reset();
  EXPECT_THAT(seen, ElementsAre("canceller"));
  d.cancel();
  EXPECT_THAT(seen, ElementsAre("canceller", "cancelled"));
}

TEST_F(ThrowingUserCodeTest, CancellerThatThrowsFailsItsDeferredAtOnce) {
  auto made = newDeferred<int>(refuse);
  auto d = note(std::move(made.deferred));
  EXPECT_NO_THROW(d.cancel());
  EXPECT_THAT(seen, ElementsAre("canceller"));
  EXPECT_THROW(made.resolver.callback(1), AlreadyCalledError);
}

TEST_F(ThrowingUserCodeTest, CancellerThatFiresAndThrowsIsReportedBesidesItsResult) {
  auto made = newDeferred<int>([](const Resolver<int>& self) {
    self.callback(1);
    refuse();
  });
  auto d = note(std::move(made.deferred));
  d.cancel();
  EXPECT_THAT(seen, ElementsAre("value"));
  EXPECT_THAT(unhandled.take(), ElementsAre("canceller"));
}

TEST_F(ThrowingUserCodeTest, CancellerThatThrowsDoesNotStopATimeout) {
  ManualClock clock;
  auto made = newDeferred<int>(refuse);
  auto d = note(std::move(made.deferred).addTimeout(std::chrono::seconds(1), clock));
  EXPECT_NO_THROW(clock.advance(std::chrono::seconds(1)));
  EXPECT_THAT(seen, ElementsAre("canceller"));
}

// Its second move throws.
struct Fragile {
  Fragile() = default;
  Fragile(Fragile&& other) : moves(other.moves + 1) {
    if (moves > most) throw std::runtime_error("move");
  }
  int moves = 0;
  static inline int most = 0;
};

TEST_F(ThrowingUserCodeTest, MoveConstructorOfAValueFailsTheDeferredWhereverItThrows) {
  for (int most = 0; most < 20; ++most) {
    SCOPED_TRACE(most);
    seen.clear();
    Fragile::most = most;
    auto made = newDeferred<Fragile>();
    auto d = note(gatherResults(std::move(made.deferred).addErrback([](const Failure& failure) {
      failure.rethrow();
      return Fragile();
    })));
    EXPECT_NO_THROW(made.resolver.callback(Fragile()));
    EXPECT_EQ(seen.size(), 1u);
  }
  EXPECT_THAT(seen, ElementsAre("value")) << "20 moves are enough";
}

TEST_F(ThrowingUserCodeTest, ConversionOfAValueFailsTheDeferred) {
  struct Bomb {
    operator int() const { throw std::runtime_error("conversion"); }
  };
  auto made = newDeferred<int>();
  auto d = note(std::move(made.deferred));
  EXPECT_NO_THROW(made.resolver.callback(Bomb()));
  EXPECT_THAT(seen, ElementsAre("conversion"));
}

TEST_F(ThrowingUserCodeTest, QueueGivesAConsumerTheExceptionOfTheObjectsMove) {
  DeferredQueue<Fragile> queue;
  auto d = note(queue.get());
  Fragile::most = 2;
  EXPECT_NO_THROW(queue.put(Fragile()));
  EXPECT_THAT(seen, ElementsAre("move"));
}

// Throws when it is destroyed for the last time.
class Grenade {
 public:
  Grenade() = default;
  Grenade(Grenade&& other) noexcept : live_(std::exchange(other.live_, false)) {}
  ~Grenade() noexcept(false) {
    if (live_) throw std::runtime_error("destructor");
  }

 private:
  bool live_ = true;
};

TEST_F(ThrowingUserCodeTest, DestructorOfACallbackIsReportedAndTheChainGoesOn) {
  auto made = newDeferred<int>();
  auto d = note(std::move(made.deferred).addCallback([g = Grenade()](int n) { return n; }));
  EXPECT_NO_THROW(made.resolver.callback(1));
  EXPECT_THAT(seen, ElementsAre("value"));
  EXPECT_THAT(unhandled.take(), ElementsAre("destructor"));
}

TEST_F(ThrowingUserCodeTest, DestructorOfACancellerIsReportedAndTheDeferredFires) {
  auto made = newDeferred<int>([g = Grenade()] {});
  auto d = note(std::move(made.deferred));
  EXPECT_NO_THROW(made.resolver.callback(1));
  EXPECT_THAT(seen, ElementsAre("value"));
  EXPECT_THAT(unhandled.take(), ElementsAre("destructor"));
}

// A callback that throws when it is moved into its chain leaves the Deferred as it was.
TEST_F(ThrowingUserCodeTest, MoveConstructorOfACallbackLeavesTheDeferredInHand) {
  auto made = newDeferred<int>();
  Fragile::most = 1;
  bool threw = false;
  try {
    std::move(made.deferred).addCallback([f = Fragile()](int n) { return n; });
  } catch (const std::runtime_error&) {
    threw = true;
  }
  EXPECT_TRUE(threw);
  auto d = note(std::move(made.deferred));
  made.resolver.callback(1);
  EXPECT_THAT(seen, ElementsAre("value"));
}

TEST_F(ThrowingUserCodeTest, HookThatFiresAnotherOfTheListFindsItsBooksInOrder) {
  auto a = newDeferred<int>();
  auto b = newDeferred<int>();
  auto d = note(DeferredList(std::move(a.deferred), std::move(b.deferred)));
  auto before = setUnhandledErrorHook([&](const Failure&) {
    if (!b.resolver.called()) b.resolver.errback(std::runtime_error("second"));
  });
  a.resolver.errback(std::runtime_error("first"));
  setUnhandledErrorHook(std::move(before));
  EXPECT_THAT(seen, ElementsAre("value"));
}

TEST_F(ThrowingUserCodeTest, CancellerMayDropTheLastHandleOfTheChainThatTookItOver) {
  Deferred<int> handle;
  auto made = newDeferred<int>([&] {
    auto outer = succeed().addCallback([&] { return std::move(handle); });
    outer = {};
  });
  made.resolver = {};
  handle = std::move(made.deferred);
  handle.cancel();
  EXPECT_FALSE(handle);
  EXPECT_THAT(unhandled.take(), ElementsAre("cancelled"));
}

}  // namespace
}  // namespace phial
