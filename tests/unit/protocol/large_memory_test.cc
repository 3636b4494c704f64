#include <gtest/gtest.h>
#include <phial/protocol/large_memory.h>

#include <future>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace phial::detail {
namespace {

/// The thread on which so much is released.
std::thread::id releasedOn(std::uint64_t bytes) {
  auto thread = std::make_shared<std::promise<std::thread::id>>();
  releaseAside(bytes, [thread] { thread->set_value(std::this_thread::get_id()); });
  return thread->get_future().get();
}

TEST(LargeMemoryTest, IsReleasedByAThreadOfItsOwn) {
  EXPECT_NE(releasedOn(kLargeBytes), std::this_thread::get_id());
}

TEST(LargeMemoryTest, LittleIsReleasedOnTheSpot) {
  EXPECT_EQ(releasedOn(kLargeBytes - 1), std::this_thread::get_id());
}

/// Tells of its end.
struct Mourned {
  explicit Mourned(std::promise<std::thread::id>* last) : told(last) {}
  Mourned(const Mourned&) = delete;
  Mourned& operator=(const Mourned&) = delete;
  ~Mourned() {
    if (told != nullptr) told->set_value(std::this_thread::get_id());
  }
  std::promise<std::thread::id>* told;
};

TEST(LargeMemoryTest, AMapIsDestroyedToItsLastNodeByAThreadOfItsOwn) {
  std::promise<std::thread::id> last;
  auto map = std::make_unique<std::map<int, Mourned>>();
  for (int i = 0; i < 5000; ++i) map->try_emplace(i, i == 4999 ? &last : nullptr);
  destroyAside(std::move(map));
  EXPECT_NE(last.get_future().get(), std::this_thread::get_id());
}

TEST(LargeMemoryTest, TheHeapOfTheMakerIsTidiedTimeAndAgain) {
  MakerHeap heap;
  std::thread other([&] {
    for (int i = 0; i < 1000; ++i) heap.tidy();
  });
  for (int i = 0; i < 1000; ++i) std::make_unique<std::vector<char>>(i)->resize(2000);
  other.join();
}

TEST(LargeMemoryTest, ADroppedVectorIsEmptyWhenItWasLarge) {
  std::vector<char> large(kLargeBytes);
  dropAside(large);
  EXPECT_EQ(large.capacity(), 0u);
  std::vector<char> little(100);
  dropAside(little);
  EXPECT_EQ(little.size(), 100u);
}

TEST(LargeMemoryTest, AFilledContainerIsACopyOfTheRange) {
  const std::vector<std::uint16_t> numbers(3 << 20, 7);
  EXPECT_EQ(filledFrom<std::vector<std::uint16_t>>(std::span(numbers)), numbers);
  EXPECT_EQ(filledFrom<std::string>(std::string("text")), "text");
}

// The advice covers whole huge pages of the block and nothing beyond it.
TEST(LargeMemoryTest, AdviceIsForAnyBlock) {
  std::vector<char> block(5 << 20, 'x');
  for (const std::size_t from : {0u, 1u, 4097u}) {
    adviseHugePages(block.data() + from, block.size() - from);
    adviseHugePages(block.data() + from, 1);
  }
  EXPECT_EQ(block, std::vector<char>(5 << 20, 'x'));
}

}  // namespace
}  // namespace phial::detail
