#include "worker/exports.h"

#include <utility>

#include "worker/method_call.h"

namespace phial::inline v1::detail {

void Exports::add(kj::Own<capnp::Capability::Server> object, capnp::InterfaceSchema interface) {
  const std::size_t place = objects_.size();
  auto* const server = object.get();
  objects_.push_back({kj::mv(object), server, nullptr});
  for (auto& method : methodsOf(interface)) methods_.push_back({place, std::move(method)});
}

void Exports::open() {
  for (auto& object : objects_) object.client = capnp::Capability::Client(kj::mv(object.own));
}

void Exports::close() {
  for (auto& object : objects_) object.client = nullptr;
}

std::unique_ptr<MethodCall> Exports::prepare(std::size_t index, capnp::AnyPointer::Reader params) {
  const auto& [object, method] = methods_[index];
  return std::make_unique<MethodCall>(*objects_[object].server, method, params);
}

}  // namespace phial::inline v1::detail
