#include "master/pool/warm_memory.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace phial::detail {
namespace {

constexpr std::size_t kMiB = 1 << 20;
constexpr std::size_t kMost = 256 * kMiB;

class WarmMemoryTest : public ::testing::Test {
 protected:
  ~WarmMemoryTest() override { memory_->close(); }

  /// Takes so much, fills it and lets go.
  std::byte* use(std::size_t bytes) {
    const auto block = memory_->take(bytes);
    std::memset(block.get(), 1, bytes);
    return block.get();
  }

  ManualClock clock_;
  const std::shared_ptr<WarmMemory> memory_ = std::make_shared<WarmMemory>(clock_, kMost);
};

TEST_F(WarmMemoryTest, TheSameBlockIsUsedAgain) {
  std::byte* const block = use(64 * kMiB);
  EXPECT_EQ(memory_->keptBytes(), 64 * kMiB);
  EXPECT_EQ(use(64 * kMiB), block);
  EXPECT_EQ(use(63 * kMiB - 1), block);
  EXPECT_EQ(memory_->keptBytes(), 64 * kMiB);
}

TEST_F(WarmMemoryTest, ABlockInUseIsNobodyElses) {
  const auto first = memory_->take(4 * kMiB);
  EXPECT_NE(memory_->take(4 * kMiB), first);
  EXPECT_EQ(memory_->keptBytes(), 4 * kMiB);
}

TEST_F(WarmMemoryTest, ASmallArgumentTakesNoMuchLargerBlock) {
  use(64 * kMiB);
  use(2 * kMiB);
  EXPECT_EQ(memory_->keptBytes(), 66 * kMiB);
  EXPECT_EQ(memory_->take(2 * kMiB).use_count(), 1);
  EXPECT_EQ(memory_->keptBytes(), 66 * kMiB);
}

TEST_F(WarmMemoryTest, NoMoreThanTheBoundIsKept) {
  std::vector<std::shared_ptr<std::byte>> blocks;
  blocks.reserve(3);
  for (int i = 0; i < 3; ++i) blocks.push_back(memory_->take(kMost / 2));
  blocks.clear();
  EXPECT_EQ(memory_->keptBytes(), kMost);
}

TEST_F(WarmMemoryTest, WithABoundOfNothingNothingIsKept) {
  const auto none = std::make_shared<WarmMemory>(clock_, 0);
  none->take(2 * kMiB).reset();
  EXPECT_EQ(none->keptBytes(), 0U);
  EXPECT_EQ(clock_.pending(), 0U);
}

TEST_F(WarmMemoryTest, WhatIsNotUsedForSomeSecondsIsGivenBack) {
  use(4 * kMiB);
  clock_.advance(WarmMemory::kRestAfter);
  use(4 * kMiB);
  clock_.advance(WarmMemory::kRestAfter);
  EXPECT_EQ(memory_->keptBytes(), 4 * kMiB);
  clock_.advance(WarmMemory::kRestAfter);
  EXPECT_EQ(memory_->keptBytes(), 0u);
  EXPECT_EQ(clock_.pending(), 0u);
  use(4 * kMiB);
  EXPECT_EQ(memory_->keptBytes(), 4 * kMiB);
}

TEST_F(WarmMemoryTest, ABlockMayOutliveTheEnd) {
  auto block = memory_->take(4 * kMiB);
  use(2 * kMiB);
  memory_->close();
  EXPECT_EQ(memory_->keptBytes(), 0u);
  EXPECT_EQ(clock_.pending(), 0u);
  std::memset(block.get(), 1, 4 * kMiB);
  block.reset();
  EXPECT_EQ(memory_->keptBytes(), 0u);
}

}  // namespace
}  // namespace phial::detail
