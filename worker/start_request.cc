#include "worker/start_request.h"

#include <phial/protocol/failure_codec.h>

namespace phial::inline v1::detail {

void StartRequest::fail(const Failure& failure) {
  encodeFailure(failure, context_.getResults().initFailure());
}

}  // namespace phial::inline v1::detail
