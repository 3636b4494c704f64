// Where an exception was thrown.
//
// A catch block no longer knows: the stack is unwound by then. The C++ ABI lets a program define
// __cxa_throw; ours notes the stack while a job runs and passes the exception on. Outside of jobs
// it costs one thread-local load. A job that throws and catches internally pays some microseconds
// for each throw.
#pragma once

#include <string>

namespace phial::inline v1::detail {

/// Notes throw sites on this thread while it lives.
class ThrowSites {
 public:
  ThrowSites();
  ~ThrowSites();
  ThrowSites(const ThrowSites&) = delete;
  ThrowSites& operator=(const ThrowSites&) = delete;

  /// One frame a line, the innermost first, of the latest throw on this thread; empty when nothing
  /// was thrown since this object was made.
  std::string latest() const;
};

}  // namespace phial::inline v1::detail
