#include "worker/session.h"

#include <phial/protocol/failure.h>
#include <phial/protocol/type_name.h>

#include <algorithm>
#include <cstdio>
#include <string>

namespace phial::inline v1::detail {
namespace {

void destroy(const SessionType& type, void* object) noexcept {
  try {
    type.destroy(object);
  } catch (...) {
    const std::string why = Failure::current().message();
    std::fprintf(stderr, "phial: the destructor of a session's %s threw: %s\n",
                 demangle(type.type.name()).c_str(), why.c_str());
  }
}

}  // namespace

void* Session::of(std::uint64_t lease, const SessionType& type) {
  if (lease != lease_) end();
  lease_ = lease;
  const auto found = std::ranges::find_if(
      objects_, [&](const Object& known) { return known.type.type == type.type; });
  if (found != objects_.end()) return found->object;
  // The constructor may ask for the session's other objects.
  void* const made = type.make();
  objects_.push_back({type, made});
  return made;
}

void Session::end() noexcept {
  while (!objects_.empty()) {
    const Object last = objects_.back();
    objects_.pop_back();
    destroy(last.type, last.object);
  }
  lease_ = 0;
}

}  // namespace phial::inline v1::detail
