#include <phial/master/client.h>

#include <utility>

#include "master/interface/method_job.h"
#include "master/interface/method_names.h"

namespace phial::inline v1 {
namespace detail {
namespace {

// Makes a job of each call that it is given.
class PoolObject final : public capnp::Capability::Server, private Submitter {
 public:
  explicit PoolObject(const Submitter& pool) : Submitter(pool) {}

  DispatchCallResult dispatchCall(std::uint64_t interfaceId, std::uint16_t number,
                                  MethodJob::Context context) override {
    auto* const runner = link().runner.get();
    return {MethodJob::submit(runner, options(), methodName(interfaceId, number), context), false};
  }
};

}  // namespace

capnp::Capability::Client clientOf(const Submitter& pool, capnp::InterfaceSchema interface) {
  learnMethodNames(interface);
  return kj::heap<PoolObject>(pool);
}

}  // namespace detail

Failure failureOf(const kj::Exception& exception) {
  return detail::fromKjException(kj::cp(exception));
}

}  // namespace phial::inline v1
