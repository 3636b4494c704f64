#include <phial/testing/deferred.h>

namespace phial::detail {

std::string foundFailure(const Failure& failure) { return "a failure: " + failure.describe(); }

}  // namespace phial::detail
