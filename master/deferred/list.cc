#include <phial/master/deferred_list.h>

#include <string>

namespace phial::inline v1 {

FirstError::FirstError(std::size_t index, Failure failure)
    : Error("Deferred " + std::to_string(index) + " failed: " + failure.message()),
      index_(index),
      failure_(std::move(failure)) {}

FailureGroup::FailureGroup(std::vector<Failure> failures)
    : Error("all " + std::to_string(failures.size()) + " Deferreds failed"),
      failures_(std::make_shared<const std::vector<Failure>>(std::move(failures))) {}

}  // namespace phial::inline v1
