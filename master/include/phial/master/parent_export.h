// What a pool's master exports to the jobs of its workers: PoolOptions::parent.
//
// exportToJobs() in <phial/master/parent.h> makes it. This header alone needs no Cap'n Proto.
#pragma once

#include <memory>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

namespace detail {
class ExportedObject;
}

/// Copies share the object. The last copy destroys it, and has to go on the loop's thread.
class ParentExport {
 public:
  /// Nothing is exported.
  ParentExport() = default;
  /// Private to the library.
  explicit ParentExport(std::shared_ptr<const detail::ExportedObject> object)
      : object_(std::move(object)) {}

  /// True if something is exported.
  explicit operator bool() const { return object_ != nullptr; }
  /// Private to the library. REQUIRES: something is exported.
  const detail::ExportedObject& object() const { return *object_; }

 private:
  std::shared_ptr<const detail::ExportedObject> object_;
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
