#include <phial/testing/deferred.h>

namespace phial::testing::result {

std::string found(const Failure& failure) { return "a failure: " + failure.describe(); }

}  // namespace phial::testing::result
