#include "master/interface/method_names.h"

#include <phial/protocol/interface_methods.h>

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>

namespace phial::inline v1::detail {
namespace {

using Key = std::pair<std::uint64_t, std::uint16_t>;

struct Name {
  explicit Name(InterfaceMethod itsMethod)
      : method(std::move(itsMethod)), function{method.name, method.signature} {}
  Name(const Name&) = delete;
  Name& operator=(const Name&) = delete;

  const InterfaceMethod method;
  const FunctionName function;
};

struct Names {
  std::mutex mutex;
  std::map<Key, Name> byMethod;
  std::set<std::uint64_t> learnt;  // interfaces
};

Names& names() {
  static auto& all = *new Names;
  return all;
}

void learnInterface(Names& all, capnp::InterfaceSchema interface) {
  if (!all.learnt.insert(interface.getProto().getId()).second) return;
  for (auto& method : methodsOf(interface)) {
    const Key key(method.interfaceId, method.number);
    all.byMethod.try_emplace(key, std::move(method));
  }
}

}  // namespace

void learnMethodNames(capnp::InterfaceSchema interface) {
  Names& all = names();
  const std::lock_guard lock(all.mutex);
  learnInterface(all, interface);
}

const FunctionName& methodName(std::uint64_t interfaceId, std::uint16_t number) {
  Names& all = names();
  const std::lock_guard lock(all.mutex);
  const auto signature = methodSignature(interfaceId, number);
  return all.byMethod
      .try_emplace(Key(interfaceId, number),
                   InterfaceMethod{interfaceId, number, signature, signature})
      .first->second.function;
}

}  // namespace phial::inline v1::detail
