#include "master/pool/job_clock.h"

#include <phial/protocol/saturating_time.h>

#include <algorithm>
#include <utility>

namespace phial::inline v1::detail {
namespace {

constexpr Duration kFirstPause = std::chrono::milliseconds(10);
constexpr Duration kLongestPause = std::chrono::seconds(1);

}  // namespace

JobClock::Finding JobClock::look(const JobStage& stage, Duration timeout, Duration grace,
                                 TimePoint now) {
  if (!stage.startDelay && !stage.begun) return {Look::again, timeout};
  if (stage.startDelay) {
    begunBefore_.reset();
  } else if (!begunBefore_) {
    begunBefore_ = now;
  }
  const TimePoint start = stage.startDelay ? sentAt_ + *stage.startDelay : *begunBefore_;
  const Duration left = saturatingSubtract(saturatingAdd(start, timeout), now);
  if (left > Duration::zero()) return {Look::again, left};
  if (stage.returned && !std::exchange(answerIsLate_, true)) return {Look::again, grace};
  return {answerIsLate_ ? Look::isUpThoughReturned : Look::isUp};
}

Duration pauseBeforeRerun(std::size_t deaths, std::mt19937_64& random) {
  Duration pause = kFirstPause;
  for (std::size_t i = 1; i < deaths && pause < kLongestPause; ++i) pause *= 2;
  pause = std::min(pause, kLongestPause);
  std::uniform_int_distribution<std::int64_t> jitter(pause.count() / 2, pause.count());
  return Duration(jitter(random));
}

}  // namespace phial::inline v1::detail
