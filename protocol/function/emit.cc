#include <phial/protocol/emit.h>
#include <phial/protocol/error.h>
#include <phial/protocol/job_scope.h>

namespace phial::inline v1::detail {

ItemGate::~ItemGate() = default;

std::shared_ptr<ItemGate> itemGateOfThisJob(const std::string& function) {
  if (JobScope* const scope = JobScope::ofThisThread()) {
    if (auto gate = scope->items()) return gate;
  }
  throw EncodingError(function +
                      " emits items, so it is called by stream<f>(args...), and by nothing else");
}

}  // namespace phial::inline v1::detail
