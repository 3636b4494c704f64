#include "master/service/loop_lag.h"

#include <algorithm>
#include <utility>

namespace phial::inline v1::detail {
namespace {

constexpr Duration kWindow = std::chrono::seconds(10);

}  // namespace

LoopLag::LoopLag(Clock& clock, Duration interval)
    : clock_(clock), interval_(interval), windowEnd_(clock.now() + kWindow) {
  schedule();
}

Duration LoopLag::worst() const {
  return std::max({inWindow_, inLastWindow_, clock_.now() - due_, Duration::zero()});
}

void LoopLag::schedule() {
  due_ = clock_.now() + interval_;
  timer_ = clock_.callLater(interval_, [this] { look(); });
}

void LoopLag::look() {
  const TimePoint now = clock_.now();
  if (now >= windowEnd_) {
    inLastWindow_ = std::exchange(inWindow_, Duration::zero());
    windowEnd_ = now + kWindow;
  }
  inWindow_ = std::max(inWindow_, now - due_);
  schedule();
}

}  // namespace phial::inline v1::detail
