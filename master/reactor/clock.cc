#include <phial/master/clock.h>
#include <phial/protocol/saturating_time.h>

namespace phial::inline v1 {

bool DelayedCall::cancel() {
  if (!active()) return false;
  impl_->cancel();
  return true;
}

bool DelayedCall::reset(Duration delay) {
  if (!active()) return false;
  impl_->moveTo(detail::saturatingAdd(impl_->now(), delay));
  return true;
}

bool DelayedCall::delay(Duration by) {
  if (!active()) return false;
  impl_->moveTo(detail::saturatingAdd(impl_->when(), by));
  return true;
}

}  // namespace phial::inline v1
