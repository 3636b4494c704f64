#include <phial/testing/deferred.h>

namespace phial::inline v1::detail {

std::string foundFailure(const Failure& failure) { return "a failure: " + failure.describe(); }

}  // namespace phial::inline v1::detail
