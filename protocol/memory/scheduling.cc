#include "phial/protocol/scheduling.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

namespace phial::inline v1::detail {
namespace {

// What sched_setattr(2) takes; glibc 2.36 has neither the function nor this.
struct Attributes {
  std::uint32_t size = sizeof(Attributes);
  std::uint32_t policy = SCHED_OTHER;
  std::uint64_t flags = 0;
  std::int32_t niceness = 0;
  std::uint32_t priority = 0;
  std::uint64_t turnNanoseconds = 0;
  std::uint64_t deadline = 0;
  std::uint64_t period = 0;
};
static_assert(sizeof(Attributes) == 48);

constexpr std::int32_t kNiceness = 10;
constexpr std::int32_t kMostNiceness = 19;
constexpr std::uint64_t kLongTurn = 10'000'000;

bool get(Attributes& attributes) {
  return ::syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) == 0;
}

void set(const Attributes& attributes) { ::syscall(SYS_sched_setattr, 0, &attributes, 0); }

}  // namespace

void lowerPriorityToWorkers() {
  Attributes now;
  if (!get(now)) return;
  set({.niceness = std::min(now.niceness + kNiceness, kMostNiceness),
       .turnNanoseconds = kLongTurn});
}

void askForLongTimeSlices() {
  Attributes attributes;
  if (!get(attributes)) return;
  if (attributes.policy != SCHED_OTHER && attributes.policy != SCHED_BATCH) return;
  attributes.turnNanoseconds = kLongTurn;
  set(attributes);
}

}  // namespace phial::inline v1::detail
