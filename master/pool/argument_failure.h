// What is to be said of arguments that cannot be kept or written.
#pragma once

#include <phial/protocol/error.h>
#include <phial/protocol/failure.h>

#include <utility>

namespace phial::detail {

/// The failure of a job whose arguments could not be converted, copied or written because of
/// `cause`: an error of Phial's as it is, any other exception as an EncodingError.
inline Failure argumentFailure(Failure cause) {
  if (cause.check<Error>()) return cause;
  return Failure(EncodingError("the arguments cannot be written: " + cause.message()));
}

}  // namespace phial::detail
