// Values that are not flat, on their way through a pool: what one turn of the loop has to do with
// them, and what may happen meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/master.h>
#include <phial/worker.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "allocations.h"
#include "jobs.h"

namespace phial {
namespace {

using values::isWhole;
using values::make;
using values::produce;

/// The most that one turn of the loop does of something that is counted.
class TurnMeter {
 public:
  TurnMeter(Reactor& reactor, std::size_t (*counter)()) : reactor_(reactor), counter_(counter) {
    next();
  }
  ~TurnMeter() { call_.cancel(); }
  TurnMeter(const TurnMeter&) = delete;
  TurnMeter& operator=(const TurnMeter&) = delete;

  std::size_t most() const { return most_; }

 private:
  void next() {
    last_ = counter_();
    call_ = reactor_.callLater(Duration::zero(), [this] {
      most_ = std::max(most_, counter_() - last_);
      next();
    });
  }

  Reactor& reactor_;
  std::size_t (*counter_)();
  std::size_t last_ = 0;
  std::size_t most_ = 0;
  DelayedCall call_;
};

class LargeValuesTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kStrings = 16'000;
  // Of memory taken or freed in one turn. A value has at least kStrings.
  static constexpr std::size_t kMostAtOnce = kStrings / 4;

  LargeValuesTest() { values::noted = {0, false, std::this_thread::get_id()}; }

  void TearDown() override {
    if (pool_) {
      EXPECT_TRUE(await(pool_->stop({.within = Duration::zero()})).ok());
      EXPECT_TRUE(pool_->stats().balanced());
      EXPECT_EQ(pool_->stats().queued + pool_->stats().running, 0U);
      pool_.reset();
    }
    reactor_.reset();
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child is left";
    EXPECT_EQ(errno, ECHILD);
    EXPECT_EQ(openDescriptors(), descriptorsBefore_) << "a descriptor is left";
  }

  ProcessPool& makePool(PoolOptions options = {.max = 1}) {
    pool_ = std::make_unique<ProcessPool>(*reactor_, std::move(options));
    EXPECT_TRUE(await(pool_->start()).ok());
    return *pool_;
  }
  template <class T>
  Outcome<T> await(Deferred<T> deferred) {
    std::optional<Outcome<T>> result;
    std::move(deferred).addBoth([&](Outcome<T> outcome) {
      result.emplace(std::move(outcome));
      reactor_->stop();
    });
    // Without a result yet: a stop() before the loop runs is not remembered.
    if (!result) reactor_->run();
    return std::move(*result);
  }
  template <class T>
  T valueOf(Deferred<T> deferred) {
    auto outcome = await(std::move(deferred));
    if (!outcome.ok()) throw std::runtime_error(outcome.failure().message());
    return std::move(outcome).value();
  }
  void passTurns(int turns) {
    for (int i = 0; i < turns; ++i) {
      EXPECT_TRUE(await(deferLater(*reactor_, Duration::zero(), [] {})).ok());
    }
  }
  static std::size_t openDescriptors() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }

  const std::size_t descriptorsBefore_ = openDescriptors();
  std::unique_ptr<Reactor> reactor_ = std::make_unique<Reactor>();
  std::unique_ptr<ProcessPool> pool_;
};

template <class T>
class LargeValuesOfTypeTest : public LargeValuesTest {};
using Types = ::testing::Types<values::Strings, values::Map, values::Struct>;
TYPED_TEST_SUITE(LargeValuesOfTypeTest, Types);

TYPED_TEST(LargeValuesOfTypeTest, NoTurnOfTheLoopWritesOrFreesMuchOfAnArgument) {
  auto& pool = this->makePool();
  auto argument = make<TypeParam>(this->kStrings);
  TurnMeter meter(*this->reactor_, &allocationsOfThisThread);
  EXPECT_TRUE(this->valueOf(
      pool.template deferToProcess<isWhole<TypeParam>>(std::move(argument), this->kStrings)));
  this->passTurns(2);
  EXPECT_LT(meter.most(), this->kMostAtOnce);
}

TYPED_TEST(LargeValuesOfTypeTest, NoTurnOfTheLoopReadsMuchOfAResult) {
  auto& pool = this->makePool();
  std::optional<TurnMeter> meter(std::in_place, *this->reactor_, &allocationsOfThisThread);
  const auto result =
      this->valueOf(pool.template deferToProcess<produce<TypeParam>>(this->kStrings));
  this->passTurns(2);
  EXPECT_LT(meter->most(), this->kMostAtOnce);
  meter.reset();
  EXPECT_EQ(result, make<TypeParam>(this->kStrings));
}

TYPED_TEST(LargeValuesOfTypeTest, NoTurnOfTheLoopFreesMuchOfAResultThatNobodyTakes) {
  auto& pool = this->makePool();
  auto result = pool.template deferToProcess<produce<TypeParam>>(this->kStrings);
  while (!result.called()) this->passTurns(1);
  const auto before = allocationsOfThisThread();
  {
    const auto dropped = std::move(result);
  }
  EXPECT_LT(allocationsOfThisThread() - before, this->kMostAtOnce);
}

TYPED_TEST(LargeValuesOfTypeTest, NorOfOneThatACallbackHasOnlyLookedAt) {
  auto& pool = this->makePool();
  std::size_t before = 0;
  auto done = pool.template deferToProcess<produce<TypeParam>>(this->kStrings)
                  .addCallback([&](const TypeParam&) { before = allocationsOfThisThread(); })
                  .addCallback([&] { return allocationsOfThisThread() - before; });
  EXPECT_LT(this->valueOf(std::move(done)), this->kMostAtOnce);
}

TYPED_TEST(LargeValuesOfTypeTest, OnItsWayInItMayBeCancelledAtAnyMoment) {
  auto& pool = this->makePool();
  for (int turns = 0; turns < 40; turns += 2) {
    auto job = pool.template deferToProcess<isWhole<TypeParam>>(make<TypeParam>(this->kStrings),
                                                                this->kStrings);
    this->passTurns(turns);
    if (job.called()) break;
    job.cancel();
    EXPECT_TRUE(this->await(std::move(job)).failure().template check<CancelledError>());
  }
  EXPECT_EQ(this->valueOf(pool.template deferToProcess<values::greet>(std::string("you"))),
            values::greet("you"));
}

TYPED_TEST(LargeValuesOfTypeTest, ThePoolMayBeDestroyedAtAnyMoment) {
  for (int turns = 0; turns < 40; turns += 8) {
    auto& pool = this->makePool();
    auto in = pool.template deferToProcess<isWhole<TypeParam>>(make<TypeParam>(this->kStrings),
                                                               this->kStrings);
    auto out = pool.template deferToProcess<produce<TypeParam>>(this->kStrings);
    this->passTurns(turns);
    this->pool_.reset();
    const auto first = this->await(std::move(in));
    EXPECT_TRUE(first.ok() || first.failure().template check<PoolStopped>());
    const auto second = this->await(std::move(out));
    EXPECT_TRUE(second.ok() || second.failure().template check<PoolStopped>());
  }
}

TYPED_TEST(LargeValuesOfTypeTest, AJobWhoseWorkerDiesWhileItsArgumentsAreWrittenRunsElsewhere) {
  auto& pool = this->makePool();
  auto job = pool.template deferToProcess<isWhole<TypeParam>>(make<TypeParam>(this->kStrings),
                                                              this->kStrings);
  ASSERT_EQ(::kill(pool.workers().front().pid, SIGKILL), 0);
  EXPECT_TRUE(this->valueOf(std::move(job)));
  EXPECT_EQ(pool.stats().deaths, 1U);
}

TEST_F(LargeValuesTest, ArgumentsOfEverySizeArriveWhole) {
  auto& pool = makePool();
  for (const std::size_t strings : {0, 1, 1000, 4000, 5000, 20'000}) {
    EXPECT_TRUE(valueOf(
        pool.deferToProcess<isWhole<values::Strings>>(make<values::Strings>(strings), strings)));
  }
}

TEST_F(LargeValuesTest, ArgumentsAboveTheLimitAreRefusedWhenTheyAreWritten) {
  auto& pool = makePool({.max = 1, .maxMessageBytes = 1 << 20});
  const auto outcome = await(
      pool.deferToProcess<isWhole<values::Strings>>(make<values::Strings>(kStrings), kStrings));
  ASSERT_FALSE(outcome.ok());
  EXPECT_TRUE(outcome.failure().check<EncodingError>());
  EXPECT_THAT(outcome.failure().message(), ::testing::HasSubstr("the pool's limit"));
  EXPECT_EQ(valueOf(pool.deferToProcess<values::greet>(std::string("you"))), values::greet("you"));
}

TEST_F(LargeValuesTest, CodeOfTheProgramsRunsOnTheLoopAFewElementsATurn) {
  // A turn's share is a time, 0.3 ms, in which a fast machine handles some ten thousand of these.
  constexpr std::size_t kMany = 8 * kStrings;
  auto& pool = makePool();
  const auto counter = [] { return values::noted.count; };
  const TurnMeter meter(*reactor_, counter);
  EXPECT_TRUE(
      valueOf(pool.deferToProcess<isWhole<values::Notings>>(make<values::Notings>(kMany), kMany)));
  EXPECT_EQ(values::noted.count, kMany);
  EXPECT_EQ(valueOf(pool.deferToProcess<produce<values::Notings>>(kMany)),
            make<values::Notings>(kMany));
  EXPECT_EQ(values::noted.count, 2 * kMany);
  EXPECT_LT(meter.most(), kMany / 4);
  EXPECT_FALSE(values::noted.elsewhere);
}

TEST_F(LargeValuesTest, NoTurnOfTheLoopHandlesMuchOfAMapOfStrings) {
  auto& pool = makePool();
  auto names = make<values::Strings>(kStrings);
  std::optional<TurnMeter> meter(std::in_place, *reactor_, &allocationsOfThisThread);
  const auto greetings = valueOf(pool.map<values::greet>(std::move(names)));
  EXPECT_LT(meter->most(), kMostAtOnce);
  meter.reset();
  ASSERT_EQ(greetings.size(), kStrings);
  EXPECT_EQ(greetings.back(), values::greet(make<values::Strings>(kStrings).back()));
}

}  // namespace
}  // namespace phial
