#include "master/pool/argument_rules.h"

#include <phial/master/errors.h>

namespace phial::inline v1::detail {

Failure argumentFailure(Failure cause) {
  if (cause.check<Error>()) return cause;
  return Failure(EncodingError("the arguments cannot be written: " + cause.message()));
}

}  // namespace phial::inline v1::detail
