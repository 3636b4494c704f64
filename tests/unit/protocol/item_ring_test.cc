#include <gtest/gtest.h>
#include <phial/protocol/item_ring.h>

#include <cstdint>
#include <memory>
#include <numeric>
#include <vector>

namespace phial::detail {
namespace {

using Words = std::vector<std::uint64_t>;
using Wake = ItemRingReader::Wake;

class ItemRingTest : public ::testing::Test {
 protected:
  static Words words(std::size_t count, std::uint64_t first = 1) {
    Words result(count);
    std::iota(result.begin(), result.end(), first);
    return result;
  }
  Words take(std::size_t most = kItemRingWords) {
    Words to;
    EXPECT_TRUE(reader_.take(to, most));
    return to;
  }

  std::unique_ptr<ControlPage> page_ = std::make_unique<ControlPage>();
  std::unique_ptr<ResultMemory> memory_ = std::make_unique<ResultMemory>();
  ItemRingReader reader_{page_->items, *memory_, 0, 7};
  ItemRingWriter writer_{page_->items, *memory_, 0};
};

TEST_F(ItemRingTest, NamesItsJob) { EXPECT_EQ(page_->items.job.load(), 7u); }

TEST_F(ItemRingTest, WordsAreSeenWhenTheyArePublishedAndNotBefore) {
  writer_.append(words(3));
  EXPECT_TRUE(take().empty());
  writer_.publish();
  EXPECT_EQ(take(2), words(2));
  EXPECT_EQ(take(), words(1, 3));
  EXPECT_TRUE(take().empty());
}

TEST_F(ItemRingTest, ItsSizeIsTheCredit) {
  EXPECT_EQ(writer_.space(), kItemRingWords);
  writer_.append(words(kItemRingWords));
  writer_.publish();
  EXPECT_EQ(writer_.space(), 0u);
  EXPECT_EQ(take(5).size(), 5u);
  EXPECT_EQ(writer_.space(), 5u);
}

TEST_F(ItemRingTest, WhatWrapsRoundComesInOrder) {
  constexpr std::size_t kStep = kItemRingWords / 3 * 2;
  for (std::uint64_t round = 0; round < 10; ++round) {
    writer_.append(words(kStep, round));
    writer_.publish();
    EXPECT_EQ(take(), words(kStep, round));
  }
}

TEST_F(ItemRingTest, ASleepingReaderIsRungOnce) {
  EXPECT_FALSE(reader_.beginWait()) << "there is nothing";
  writer_.append(words(1));
  EXPECT_TRUE(writer_.publish());
  writer_.append(words(1));
  EXPECT_FALSE(writer_.publish()) << "it has been rung";
}

TEST_F(ItemRingTest, AReaderDoesNotSleepOverWhatIsThere) {
  writer_.append(words(1));
  EXPECT_FALSE(writer_.publish());
  EXPECT_TRUE(reader_.beginWait());
  writer_.append(words(1));
  EXPECT_FALSE(writer_.publish()) << "it does not sleep";
}

TEST_F(ItemRingTest, ASleepingWriterIsRungOnceWhenAQuarterIsFree) {
  writer_.append(words(kItemRingWords));
  writer_.publish();
  writer_.beginWait();
  take(kItemRingQuarter - 1);
  EXPECT_FALSE(reader_.wakesWriter(Wake::ifRoom));
  take(1);
  EXPECT_TRUE(reader_.wakesWriter(Wake::ifRoom));
  EXPECT_FALSE(reader_.wakesWriter(Wake::ifRoom));
}

TEST_F(ItemRingTest, ACancelledWriterIsRungWithoutRoom) {
  writer_.append(words(kItemRingWords));
  writer_.publish();
  EXPECT_FALSE(reader_.wakesWriter(Wake::always)) << "it does not sleep";
  writer_.beginWait();
  EXPECT_TRUE(reader_.wakesWriter(Wake::always));
  writer_.beginWait();
  writer_.endWait();
  EXPECT_FALSE(reader_.wakesWriter(Wake::always));
}

TEST_F(ItemRingTest, ACountThatCannotBeTrueIsRefusedAndNothingIsRead) {
  for (const std::uint64_t count : {kItemRingWords + 1, ~std::uint64_t{0}}) {
    page_->items.written.store(count);
    Words to;
    EXPECT_FALSE(reader_.take(to, 100)) << count;
    EXPECT_TRUE(to.empty());
  }
}

TEST_F(ItemRingTest, TheNextJobBeginsFromNothing) {
  writer_.append(words(5));
  writer_.publish();
  ItemRingReader next(page_->items, *memory_, kBatchSlots, 8);
  ItemRingWriter nextWriter(page_->items, *memory_, kBatchSlots);
  Words to;
  EXPECT_TRUE(next.take(to, 100));
  EXPECT_TRUE(to.empty());
  nextWriter.append(words(2, 40));
  nextWriter.publish();
  EXPECT_TRUE(next.take(to, 100));
  EXPECT_EQ(to, words(2, 40));
}

}  // namespace
}  // namespace phial::detail
