#include <phial/master/client.h>
#include <phial/master/detail/runner.h>
#include <phial/master/errors.h>
#include <phial/protocol/interface_methods.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "master/interface/method_job.h"

namespace phial::inline v1::detail {
namespace {

// The methods of one interface, by the names under which they run as jobs.
class MethodNames {
 public:
  explicit MethodNames(capnp::InterfaceSchema interface)
      : interface_(interface.getShortDisplayName().cStr()), methods_(methodsOf(interface)) {
    for (const auto& method : methods_) {
      names_.emplace(Key{method.interfaceId, method.number},
                     FunctionName{method.name, method.signature});
    }
  }
  MethodNames(const MethodNames&) = delete;
  MethodNames& operator=(const MethodNames&) = delete;

  /// One for each interface, which stays: jobs borrow their names.
  static const MethodNames& of(capnp::InterfaceSchema interface) {
    static std::mutex mutex;
    static auto& all = *new std::map<std::uint64_t, MethodNames>;
    const std::lock_guard lock(mutex);
    return all.try_emplace(interface.getProto().getId(), interface).first->second;
  }

  const std::string& interface() const { return interface_; }
  /// Null when the interface has no such method.
  const FunctionName* find(std::uint64_t interfaceId, std::uint16_t number) const {
    const auto found = names_.find(Key{interfaceId, number});
    return found == names_.end() ? nullptr : &found->second;
  }

 private:
  using Key = std::pair<std::uint64_t, std::uint16_t>;

  const std::string interface_;
  const std::vector<InterfaceMethod> methods_;
  std::map<Key, FunctionName> names_;
};

// Makes a job of each call that it is given.
class PoolObject final : public capnp::Capability::Server, private Submitter {
 public:
  PoolObject(const Submitter& pool, const MethodNames& methods)
      : Submitter(pool), methods_(methods) {}

  DispatchCallResult dispatchCall(std::uint64_t interfaceId, std::uint16_t number,
                                  MethodJob::Context context) override {
    const FunctionName* method = methods_.find(interfaceId, number);
    if (method == nullptr)
      return {KJ_EXCEPTION(UNIMPLEMENTED, "no such method", methods_.interface().c_str(), number),
              false};
    context.allowCancellation();  // whoever drops the promise cancels the job
    return {toPromise(submit(*method, context)), false};
  }

 private:
  Deferred<void> submit(const FunctionName& method, MethodJob::Context context) {
    Runner* const runner = link().runner.get();
    if (runner == nullptr) return fail<void>(poolGone());
    Ref job(new MethodJob(runner->newTicket(), options(), method, context));
    auto answer = Access::wrap<void>(Chain::pending(Ref<Source>(job)));
    runner->submit(std::move(job));
    return std::move(answer).addErrback([&methods = methods_](Failure failure) {
      if (!failure.fromJob() && failure.check<UnknownFunction>()) {
        throw NoSuchInterface("the worker does not export " + methods.interface() + ": " +
                              failure.message());
      }
      failure.rethrow();
    });
  }

  const MethodNames& methods_;
};

}  // namespace

capnp::Capability::Client clientOf(const Submitter& pool, capnp::InterfaceSchema interface) {
  return kj::heap<PoolObject>(pool, MethodNames::of(interface));
}

}  // namespace phial::inline v1::detail

namespace phial::inline v1 {

Failure failureOf(const kj::Exception& exception) {
  return detail::fromKjException(kj::cp(exception));
}

}  // namespace phial::inline v1
