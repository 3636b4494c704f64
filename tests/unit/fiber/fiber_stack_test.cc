// The stack of a fiber: guarded, large enough, used again.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <phial/master/fiber.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>

#include "master/bridge/fiber_stack.h"

namespace phial {
namespace {

// Uses at least 1 KiB of the stack for each level.
__attribute__((noinline)) int descend(int levels) {
  volatile char room[1024];
  room[0] = static_cast<char>(levels);
  if (levels == 0) return room[0];
  return descend(levels - 1) + room[0] - static_cast<char>(levels) + 1;
}

TEST(FiberStackTest, DeepRecursionFitsAStackThatIsLargeEnough) {
  Reactor reactor;
  auto fiber = spawnFiber(
      reactor, [] { return descend(5'000); }, FiberOptions{.stackBytes = std::size_t{64} << 20});
  EXPECT_EQ(waitForFiber(reactor, std::move(fiber)), 5'000);
}

TEST(FiberStackDeathTest, AnOverflowDiesAtTheGuard) {
  const auto overflow = [] {
    Reactor reactor;
    auto fiber = spawnFiber(reactor, [] { return descend(1'000'000); });
    waitForFiber(reactor, std::move(fiber));
  };
#if defined(PHIAL_ADDRESS_SANITIZER) || defined(PHIAL_THREAD_SANITIZER)
  EXPECT_DEATH(overflow(), "stack-overflow|SEGV");  // it handles the signal itself
#else
  EXPECT_EXIT(overflow(), ::testing::KilledBySignal(SIGSEGV), "");
#endif
}

// An overflow that finds other memory below the stack writes there, and dies later or not at all.
TEST(FiberStackTest, NothingBelowTheStackCanBeRead) {
  const detail::FiberStack stack(64 << 10);
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  EXPECT_EQ(::write(ends[1], stack.bottom(), 1), 1);
  for (const std::size_t below : {std::size_t{1}, detail::FiberStack::kGuardBytes}) {
    EXPECT_EQ(::write(ends[1], stack.bottom() - below, 1), -1) << below;
    EXPECT_EQ(errno, EFAULT);
  }
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(FiberStackTest, TheStackOfAFiberThatHasEndedIsUsedAgain) {
  Reactor reactor;
  const void* first = nullptr;
  const void* second = nullptr;
  const auto look = [](const void*& place) {
    const int local = 0;
    place = __builtin_frame_address(0);
    static_cast<void>(local);
  };
  spawnFiber(reactor, [&] { look(first); });
  spawnFiber(reactor, [&] { look(second); });
  const auto* const a = static_cast<const std::byte*>(first);
  const auto* const b = static_cast<const std::byte*>(second);
  EXPECT_LT(a > b ? a - b : b - a, 64 << 10);
  EXPECT_LE(detail::FiberStack::kept(), detail::FiberStack::kMostKept);
}

TEST(FiberStackTest, ASizeThatIsOutOfRangeIsNamed) {
  Reactor reactor;
  bool called = false;
  try {
    spawnFiber(reactor, [&] { called = true; }, FiberOptions{.stackBytes = 100});
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("FiberOptions::stackBytes is 100"), std::string::npos);
  }
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace phial
