#include "master/pool/child_job.h"

#include <phial/protocol/error.h>
#include <phial/protocol/value_capnp.h>

namespace phial::inline v1::detail {

unsigned ChildJob::argumentCount() const { return call->wanted() ? call->arguments().size() : 0; }

std::uint64_t ChildJob::argumentWords() const {
  std::uint64_t words = 1;
  if (!call->wanted()) return words;
  for (const auto value : call->arguments()) words += value.totalSize().wordCount;
  return words;
}

// One that is not wanted any more is about to be cancelled.
void ChildJob::encodeArguments(ListWriter to) const {
  if (!call->wanted()) throw CancelledError("the job that called this one has taken it back");
  const auto arguments = call->arguments();
  auto list = builderOf(to);
  for (unsigned i = 0; i < arguments.size(); ++i) list.setWithCaveats(i, arguments[i]);
}

void ChildJob::accept(ValueReader result) {
  call->keepResult(capnpOf(result));
  outcome.emplace();
}

}  // namespace phial::inline v1::detail
