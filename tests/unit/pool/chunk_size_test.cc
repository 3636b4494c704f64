#include <gtest/gtest.h>
#include <phial/master/detail/chunk_size.h>

namespace phial::detail {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::uint64_t kMaxBytes = 1 << 20;
constexpr std::size_t kWorkers = 2;

// What chunks of elements that take `each` are given, one after the other.
std::vector<std::size_t> sizes(ChunkSize size, Duration each, int count) {
  std::vector<std::size_t> all;
  for (int i = 0; i < count; ++i) {
    all.push_back(size.next(std::nullopt, kWorkers));
    size.finished(all.back(), each * all.back(), 0);
  }
  return all;
}

TEST(ChunkSizeTest, BeginsWithOneElement) {
  const ChunkSize size(0, kMaxBytes);
  EXPECT_EQ(size.next(std::nullopt, kWorkers), 1U);
  EXPECT_EQ(size.next(1'000'000, kWorkers), 1U);
}

TEST(ChunkSizeTest, GrowsFourfoldUpToTheTarget) {
  EXPECT_EQ(sizes(ChunkSize(0, kMaxBytes), microseconds(10), 8),
            (std::vector<std::size_t>{1, 4, 16, 64, 256, 1000, 1000, 1000}));
}

TEST(ChunkSizeTest, LongElementsStayAlone) {
  EXPECT_EQ(sizes(ChunkSize(0, kMaxBytes), milliseconds(30), 3),
            (std::vector<std::size_t>{1, 1, 1}));
}

TEST(ChunkSizeTest, ElementsThatTakeNoTimeAreNoDivisionByIt) {
  ChunkSize size(0, kMaxBytes);
  size.finished(1'000'000, Duration::zero(), 0);
  EXPECT_EQ(size.next(std::nullopt, kWorkers), 4'000'000U);
}

TEST(ChunkSizeTest, FollowsElementsThatBecomeLonger) {
  ChunkSize size(0, kMaxBytes);
  size.finished(1000, milliseconds(10), 0);
  EXPECT_EQ(size.next(std::nullopt, kWorkers), 1000U);
  for (int i = 0; i < 20; ++i) size.finished(10, milliseconds(10), 0);
  EXPECT_EQ(size.next(std::nullopt, kWorkers), 10U);
}

TEST(ChunkSizeTest, OneSlowElementIsForgottenAgain) {
  ChunkSize size(0, kMaxBytes);
  size.finished(1000, milliseconds(10), 0);
  size.finished(1, milliseconds(100), 0);
  EXPECT_LT(size.next(std::nullopt, kWorkers), 2U);
  for (int i = 0; i < 30; ++i) size.finished(1000, milliseconds(10), 0);
  EXPECT_GE(size.next(std::nullopt, kWorkers), 999U);
}

TEST(ChunkSizeTest, TakesNoMoreThanAShareOfWhatIsLeft) {
  ChunkSize size(0, kMaxBytes);
  size.finished(1000, milliseconds(10), 0);
  EXPECT_EQ(size.next(4000, kWorkers), 1000U);
  EXPECT_EQ(size.next(2000, kWorkers), 500U);
  EXPECT_EQ(size.next(2000, 4), 250U);
}

TEST(ChunkSizeTest, ButNoLessThanIsWorthAJob) {
  ChunkSize size(0, kMaxBytes);
  size.finished(1000, milliseconds(10), 0);
  EXPECT_EQ(size.next(100, kWorkers), 200U);
  EXPECT_EQ(size.next(0, kWorkers), 200U);
}

TEST(ChunkSizeTest, KeepsResultsBelowTheBytes) {
  ChunkSize size(0, kMaxBytes);
  size.finished(1000, microseconds(1), 1000 * 1024);
  EXPECT_EQ(size.next(std::nullopt, kWorkers), 1024U);
  size.finished(1, microseconds(1), 2 * kMaxBytes);
  EXPECT_EQ(size.next(std::nullopt, kWorkers), 1U) << "larger ones count at once";
}

TEST(ChunkSizeTest, WhatDidNotFitIsHalvedForGood) {
  ChunkSize size(0, kMaxBytes);
  size.finished(1000, milliseconds(1), 0);
  size.tooLarge(1000);
  EXPECT_EQ(size.next(std::nullopt, kWorkers), 500U);
  size.finished(500, microseconds(1), 0);
  EXPECT_EQ(size.next(std::nullopt, kWorkers), 500U);
}

TEST(ChunkSizeTest, AFixedSizeStandsButForWhatDoesNotFit) {
  ChunkSize size(7, kMaxBytes);
  EXPECT_EQ(size.next(std::nullopt, kWorkers), 7U);
  size.finished(7, milliseconds(500), kMaxBytes);
  EXPECT_EQ(size.next(3, kWorkers), 7U);
  size.tooLarge(7);
  EXPECT_EQ(size.next(std::nullopt, kWorkers), 3U);
}

// However a range and its elements are, each chunk has work left for it and the range ends.
TEST(ChunkSizeTest, AnyRangeIsUsedUpInFewChunks) {
  for (const std::size_t count : {1U, 7U, 1000U, 10'000'000U}) {
    for (const Duration each :
         {Duration(2), Duration(microseconds(3)), Duration(milliseconds(4))}) {
      ChunkSize size(0, kMaxBytes);
      std::size_t left = count;
      std::size_t chunks = 0;
      while (left > 0) {
        const std::size_t next = std::min(size.next(left, kWorkers), left);
        ASSERT_GE(next, 1U);
        left -= next;
        size.finished(next, each * next, 8 * next);
        ++chunks;
      }
      const std::size_t ideal = static_cast<std::size_t>(each * count / ChunkSize::kTarget);
      // Two whole elements may be what fits into the time of three.
      EXPECT_LE(chunks, 3 * ideal / 2 + count / (kMaxBytes / 8) + 60)
          << count << " of " << each.count();
    }
  }
}

}  // namespace
}  // namespace phial::detail
