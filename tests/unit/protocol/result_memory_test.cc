#include <capnp/message.h>
#include <gtest/gtest.h>
#include <phial/protocol/result_memory.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace phial::detail {
namespace {

class ResultMemoryTest : public ::testing::Test {
 protected:
  /// Leaves `words` words of the value `fill`. False when there is no room.
  bool leave(unsigned slot, std::uint32_t words, std::uint64_t fill) {
    auto room = writer_.room(words);
    if (room == nullptr) return false;
    const auto* raw = reinterpret_cast<const std::uint64_t*>(room.begin());
    EXPECT_TRUE(std::all_of(raw, raw + words, [](auto word) { return word == 0; }));
    std::fill_n(reinterpret_cast<std::uint64_t*>(room.begin()), words, fill);
    writer_.place(slot, words);
    return true;
  }
  std::vector<std::uint64_t> fetch(unsigned slot) {
    std::vector<std::uint64_t> words;
    EXPECT_TRUE(fetchResult(*memory_, slot, words));
    return words;
  }

  std::unique_ptr<ResultMemory> memory_ = std::make_unique<ResultMemory>();
  ResultWriter writer_{*memory_};
};

TEST_F(ResultMemoryTest, EachSlotGetsWhatWasLeftForIt) {
  writer_.beginBatch(kBatchSlots);
  EXPECT_TRUE(leave(kBatchSlots, 3, 7));
  EXPECT_TRUE(leave(kBatchSlots + 1, 2, 8));
  EXPECT_EQ(fetch(kBatchSlots), std::vector<std::uint64_t>(3, 7));
  EXPECT_EQ(fetch(kBatchSlots + 1), std::vector<std::uint64_t>(2, 8));
}

TEST_F(ResultMemoryTest, TheRoomOfABatchEndsAndBeginsAnew) {
  constexpr auto kAll = static_cast<std::uint32_t>(ResultMemory::kBatchWords);
  writer_.beginBatch(0);
  EXPECT_TRUE(leave(0, kAll - 1, 1));
  EXPECT_FALSE(leave(1, 2, 2));
  EXPECT_TRUE(leave(1, 1, 3));
  EXPECT_FALSE(leave(2, 1, 4));
  writer_.beginBatch(kBatchSlots);
  EXPECT_TRUE(leave(kBatchSlots, kAll, 5)) << "the other batch has room of its own";
  writer_.beginBatch(0);
  EXPECT_TRUE(leave(0, kAll, 6));
  EXPECT_EQ(fetch(kBatchSlots).front(), 5U);
}

TEST_F(ResultMemoryTest, APlaceOutsideOfTheBatchsRoomIsRefused) {
  std::vector<std::uint64_t> words;
  const auto fetches = [&](std::uint32_t offset, std::uint32_t length) {
    memory_->places[3].offset = offset;
    memory_->places[3].words = length;
    return fetchResult(*memory_, 3, words);
  };
  constexpr std::uint32_t kAll = ResultMemory::kBatchWords;
  EXPECT_TRUE(fetches(0, kAll));
  EXPECT_TRUE(fetches(kAll - 1, 1));
  EXPECT_FALSE(fetches(0, 0));
  EXPECT_FALSE(fetches(0, kAll + 1));
  EXPECT_FALSE(fetches(kAll, 1));
  EXPECT_FALSE(fetches(kAll - 1, 2));
  EXPECT_FALSE(fetches(~0U, 1));
  EXPECT_FALSE(fetches(1, ~0U));
}

}  // namespace
}  // namespace phial::detail
