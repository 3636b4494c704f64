#include "master/supervision/restart_policy.h"

#include <algorithm>

namespace phial::detail {
namespace {

constexpr Duration kFirstPause = std::chrono::milliseconds(10);
constexpr Duration kLongestPause = std::chrono::seconds(30);
constexpr Duration kPauseAfterGivingUp = std::chrono::seconds(1);

}  // namespace

void RestartPolicy::failed(TimePoint now) {
  ++failures_;
  pause(now);
}

void RestartPolicy::failedForGood(TimePoint now) {
  failures_ = std::max(failures_ + 1, kGiveUpAfter);
  pause(now);
}

void RestartPolicy::pause(TimePoint now) {
  // One failure may be bad luck: the first replacement starts at once.
  if (failures_ == 1) return;
  Duration pause = kFirstPause * (std::int64_t{1} << std::min(failures_ - 2, 20U));
  if (givenUp()) pause = std::max(pause, kPauseAfterGivingUp);
  pause = std::min(pause, kLongestPause);
  // Full jitter would allow no pause at all; half of it is kept.
  std::uniform_int_distribution<std::int64_t> jitter(pause.count() / 2, pause.count());
  nextStart_ = now + Duration(jitter(random_));
}

}  // namespace phial::detail
