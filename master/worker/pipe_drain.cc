#include "master/worker/pipe_drain.h"

namespace phial::inline v1::detail {

std::optional<Duration> PipeDrain::next(Sees sees) {
  const TimePoint now = clock_.now();
  if (sees == Sees::copying) {
    until_ = now + kLimit;
    return kPause;
  }
  if (sees == Sees::nothing || now >= until_) return std::nullopt;
  return Duration::zero();
}

}  // namespace phial::inline v1::detail
