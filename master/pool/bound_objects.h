// The objects of workers that the program holds, by worker.
//
// A method of an interface may return objects of its worker's (object_boundary.h). The pool keeps a
// boundary for each worker that has run such a method, to its death.
//
// Thread rule: the loop's. Calls no user code.
#pragma once

#include <phial/protocol/failure.h>

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "master/interface/object_boundary.h"

namespace phial::inline v1::detail {

class BoundObjects {
 public:
  using Changed = std::function<void(std::uint64_t worker, const ObjectBoundary::Use& use)>;

  /// `changed` hears what the program has of a worker. For the books only: it may be called from a
  /// destructor of the program's.
  explicit BoundObjects(Changed changed) : changed_(std::move(changed)) {}

  /// The boundary of a living worker.
  ObjectBoundary& of(std::uint64_t worker);
  /// Calls on the worker's objects fail with `death` from here on.
  void workerDied(std::uint64_t worker, const Failure& death);
  /// The pool is being destroyed: all workers are gone, without a death of their own.
  void close(const Failure& stopped);

 private:
  const Changed changed_;
  std::map<std::uint64_t, ObjectBoundary> boundaries_;
};

}  // namespace phial::inline v1::detail
