#include <phial/master/blocking_call.h>

namespace phial::detail {

void throwUnsettled(WaitEnd end, std::optional<Duration> timeout) {
  if (end == WaitEnd::timedOut && timeout) throwTimeout(*timeout);
  throw ReactorStopped();
}

}  // namespace phial::detail
