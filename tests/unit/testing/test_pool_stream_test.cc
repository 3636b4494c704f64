// Streams of the pool without processes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/master.h>
#include <phial/testing.h>
#include <phial/worker.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace bakery {

void loaves(int count, phial::Emit<std::string> emit) {
  for (int i = 0; i < count; ++i) emit("loaf " + std::to_string(i));
}
void burn(phial::Emit<std::string> emit) {
  emit("coal");
  throw std::runtime_error("too hot");
}

inline constexpr phial::Function<void(int, phial::Emit<std::string>)> kBake{"bakery.bake"};

}  // namespace bakery

namespace phial::testing {
namespace {

using ::testing::ElementsAre;

class TestPoolStreamTest : public ::testing::Test {
 protected:
  ~TestPoolStreamTest() override { EXPECT_TRUE(pool_.stats().balanced()); }

  using Next = std::optional<std::string>;

  ManualClock clock_;
  TestPool pool_{clock_};
};

TEST_F(TestPoolStreamTest, AFunctionRunsAndItsItemsCome) {
  auto stream = pool_.stream<bakery::loaves>(2);
  auto first = stream.next();
  EXPECT_TRUE(pool_.runNext());
  EXPECT_EQ(successResultOf(std::move(first)), Next("loaf 0"));
  auto second = stream.next();
  EXPECT_EQ(successResultOf(std::move(second)), Next("loaf 1"));
  auto end = stream.next();
  EXPECT_EQ(successResultOf(std::move(end)), Next());
  EXPECT_EQ(pool_.stats().succeeded, 1u);
}

TEST_F(TestPoolStreamTest, AFunctionMayBeKnownByItsNameAlone) {
  pool_.add<bakery::kBake>(
      [](int count, const phial::Emit<std::string>& emit) { bakery::loaves(count, emit); });
  auto stream = pool_.stream<bakery::kBake>(1);
  pool_.runNext();
  auto first = stream.next();
  EXPECT_EQ(successResultOf(std::move(first)), Next("loaf 0"));
}

TEST_F(TestPoolStreamTest, ForEachGetsAll) {
  std::vector<std::string> got;
  auto done = pool_.stream<bakery::loaves>(3).forEach([&](std::string s) { got.push_back(s); });
  pool_.runAll();
  successResultOf(std::move(done));
  EXPECT_THAT(got, ElementsAre("loaf 0", "loaf 1", "loaf 2"));
}

TEST_F(TestPoolStreamTest, WhatItThrowsComesAfterItsItems) {
  auto stream = pool_.stream<bakery::burn>();
  pool_.runNext();
  auto item = stream.next();
  EXPECT_EQ(successResultOf(std::move(item)), Next("coal"));
  auto end = stream.next();
  EXPECT_TRUE(failureResultOf(std::move(end)).check<std::runtime_error>());
}

TEST_F(TestPoolStreamTest, ATestMayEmitInItsPlace) {
  auto stream = pool_.stream<bakery::loaves>(2);
  auto first = stream.next();
  assertNoResult(first);
  pool_.emitNext(std::string("cake"));
  EXPECT_EQ(successResultOf(std::move(first)), Next("cake"));
  pool_.emitNext(std::string("pie"));
  auto second = stream.next();
  EXPECT_EQ(successResultOf(std::move(second)), Next("pie"));
  pool_.succeedNext();
  auto end = stream.next();
  EXPECT_EQ(successResultOf(std::move(end)), Next());
}

TEST_F(TestPoolStreamTest, AnItemOfAnotherTypeFailsTheStream) {
  auto stream = pool_.stream<bakery::loaves>(2);
  pool_.emitNext(7);
  auto first = stream.next();
  EXPECT_TRUE(failureResultOf(std::move(first)).check<EncodingError>());
  EXPECT_EQ(pool_.stats().cancelled, 1u);
}

TEST_F(TestPoolStreamTest, AWorkersDeathAfterAnItemIsTheEnd) {
  auto stream = pool_.with({.rerun = Rerun::always}).stream<bakery::loaves>(2);
  pool_.killNext();
  EXPECT_EQ(pool_.pending(), 1u) << "nothing had come: it runs again";
  pool_.emitNext(std::string("crumb"));
  pool_.killNext();
  EXPECT_EQ(pool_.pending(), 0u);
  auto first = stream.next();
  EXPECT_EQ(successResultOf(std::move(first)), Next("crumb"));
  auto end = stream.next();
  EXPECT_TRUE(failureResultOf(std::move(end)).check<WorkerDied>());
}

TEST_F(TestPoolStreamTest, OnlyAStreamTakesItems) {
  EXPECT_THROW(pool_.emitNext(1), std::logic_error) << "no job";
  pool_.deferToProcess<int>("named", 1);
  EXPECT_THROW(pool_.emitNext(1), std::logic_error);
  pool_.failNext(CancelledError());
}

TEST_F(TestPoolStreamTest, DroppingTheStreamTakesItsJobBack) {
  {
    auto stream = pool_.stream<bakery::loaves>(2);
  }
  EXPECT_EQ(pool_.pending(), 0u);
  EXPECT_EQ(pool_.stats().cancelled, 1u);
}

}  // namespace
}  // namespace phial::testing
