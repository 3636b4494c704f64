#include <phial/master/blocking_call.h>

namespace phial::inline v1::detail {

void throwUnsettled(WaitEnd end, std::optional<Duration> timeout) {
  if (end == WaitEnd::timedOut && timeout) throwTimeout(*timeout);
  throw ReactorStopped();
}

}  // namespace phial::inline v1::detail
