#include <phial/master/deferred.h>

#include <string>

namespace phial::inline v1::detail {

DelayedCall cancelLater(Clock& clock, Duration timeout, Ref<Chain> chain,
                        std::shared_ptr<bool> expired) {
  return clock.callLater(timeout, [chain = std::move(chain), expired = std::move(expired)] {
    *expired = true;
    Chain::cancel(chain);
  });
}

void throwTimeout(Duration timeout) {
  double seconds = std::chrono::duration<double>(timeout).count();
  throw TimeoutError("no result within " + std::to_string(seconds) + " s");
}

}  // namespace phial::inline v1::detail
