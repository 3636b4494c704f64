// What a job that calls a method of a Cap'n Proto interface has in place of values.
//
// Thread rule: the loop's.
#pragma once

#include <capnp/any.h>

namespace phial::inline v1::detail {

class ObjectBoundary;

class MethodCall {
 public:
  /// Writes the parameters, for the worker behind `boundary`. REQUIRES: the job has not settled.
  virtual void encodeParams(capnp::AnyPointer::Builder to, ObjectBoundary& boundary) const = 0;
  /// Gives the results to the caller; Job::succeed() then says so. REQUIRES: the job has not
  /// settled.
  virtual void acceptResults(capnp::AnyPointer::Reader results, ObjectBoundary& boundary) = 0;

 protected:
  ~MethodCall() = default;
};

}  // namespace phial::inline v1::detail
