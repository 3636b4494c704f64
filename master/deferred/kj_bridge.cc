#include <phial/master/kj_bridge.h>

namespace phial::inline v1::detail {

kj::Exception toKjException(const Failure& failure) {
  if (const auto* own = failure.as<kj::Exception>()) return *own;
  return {kj::Exception::Type::FAILED, __FILE__, __LINE__,
          kj::str(failure.type().c_str(), ": ", failure.message().c_str())};
}

Failure fromKjException(kj::Exception&& exception) {
  return Failure(std::make_exception_ptr(kj::mv(exception)));
}

void PromiseRun::cancel(const std::weak_ptr<PromiseRun>& run) {
  if (run.expired()) return;
  kj::evalLater([run] {
    if (auto running = run.lock()) running->canceler_.cancel("the Deferred was cancelled");
  }).detach([](kj::Exception&& e) { kj::throwFatalException(kj::mv(e)); });
}

}  // namespace phial::inline v1::detail
