#include <gtest/gtest.h>
#include <phial/protocol/scheduling.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <thread>

namespace phial::detail {
namespace {

struct Standing {
  std::uint32_t policy;
  int niceness;
  std::uint64_t turnNanoseconds;  // 0 before Linux 6.12
};

/// How a new thread stands after `change`.
Standing standingAfter(const std::function<void()>& change) {
  Standing standing{};
  std::thread([&] {
    change();
    std::array<std::uint64_t, 6> attributes{};  // sched_setattr(2)
    ::syscall(SYS_sched_getattr, 0, attributes.data(), sizeof attributes, 0);
    standing = {static_cast<std::uint32_t>(attributes[0] >> 32), ::getpriority(PRIO_PROCESS, 0),
                attributes[3]};
  }).join();
  return standing;
}

constexpr std::uint64_t kLongTurn = 10'000'000;
constexpr int kNicest = 19;

TEST(SchedulingTest, LongTurnsLeaveTheNicenessAsItIs) {
  const Standing before = standingAfter([] {});
  const Standing nicer = standingAfter([] {
    ASSERT_NE(::nice(3), -1);
    askForLongTimeSlices();
  });
  EXPECT_EQ(nicer.niceness, std::min(before.niceness + 3, kNicest));
  EXPECT_EQ(nicer.policy, static_cast<std::uint32_t>(SCHED_OTHER));
  EXPECT_EQ(nicer.turnNanoseconds, before.turnNanoseconds == 0 ? 0 : kLongTurn);
}

TEST(SchedulingTest, WhoIsScheduledOtherwiseIsLeftAlone) {
  const Standing idle = standingAfter([] {
    const sched_param none{};
    ASSERT_EQ(::sched_setscheduler(0, SCHED_IDLE, &none), 0);
    askForLongTimeSlices();
  });
  EXPECT_EQ(idle.policy, static_cast<std::uint32_t>(SCHED_IDLE));
}

TEST(SchedulingTest, WithWorkersIsNicerByAsMuchAsTheyAre) {
  const Standing before = standingAfter([] {});
  const Standing standing = standingAfter(&lowerPriorityToWorkers);
  EXPECT_EQ(standing.niceness, std::min(before.niceness + 10, kNicest));
  EXPECT_EQ(standing.turnNanoseconds, before.turnNanoseconds == 0 ? 0 : kLongTurn);
}

}  // namespace
}  // namespace phial::detail
