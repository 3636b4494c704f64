#include "master/interface/method_job.h"

#include <phial/master/errors.h>
#include <phial/master/kj_bridge.h>
#include <phial/master/submitter.h>

#include <utility>

#include "master/interface/object_boundary.h"

namespace phial::inline v1::detail {
namespace {

// A worker that does not know the method does not export the interface.
[[noreturn]] void throwAsInterface(const Failure& failure) {
  if (!failure.fromJob() && failure.check<UnknownFunction>()) {
    throw NoSuchInterface(failure.message());
  }
  failure.rethrow();
}

}  // namespace

kj::Promise<void> MethodJob::submit(Runner* runner, Ref<CallOptions> options,
                                    const FunctionName& method, Context context) {
  if (runner == nullptr) return toPromise(phial::fail<void>(poolGone()));
  context.allowCancellation();  // whoever drops the promise cancels the job
  Ref job(new MethodJob(runner->newTicket(), std::move(options), method, context));
  auto answer = Access::wrap<void>(Chain::pending(Ref<Source>(job)));
  runner->submit(std::move(job));
  return toPromise(std::move(answer).addErrback(throwAsInterface));
}

MethodJob::MethodJob(Job::Ticket ticket, Ref<CallOptions> options, const FunctionName& method,
                     Context context)
    : Holding(ticket, std::move(options), method),
      context_(context),
      words_(context.getParams().targetSize().wordCount + 1) {}

void MethodJob::accept(ValueReader) {
  throw EncodingError("the worker answered a call of a method with a value");
}

void MethodJob::encodeParams(capnp::AnyPointer::Builder to, ObjectBoundary& boundary) const {
  boundary.copyIn(context_->getParams(), to);
}

void MethodJob::acceptResults(capnp::AnyPointer::Reader results, ObjectBoundary& boundary) {
  boundary.copyOut(results, context_->getResults(results.targetSize()));
  outcome.emplace();
}

void MethodJob::discard() noexcept {
  context_.reset();
  Job::discard();
}

}  // namespace phial::inline v1::detail
