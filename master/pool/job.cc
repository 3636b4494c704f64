#include <phial/master/job.h>

#include <utility>

namespace phial::detail {

const JobOptions Job::kDefaults;

Job::Job(Ticket ticket, std::unique_ptr<const JobOptions> options, const FunctionName& function)
    : id(ticket.id), owner_(ticket.owner), options_(std::move(options)), function_(&function) {
  addProducer();
}

void Job::succeed() {
  if (!fired()) fire();
}

void Job::refuse(Failure failure) {
  if (fired()) return;
  fail(std::move(failure));
  fire();
}

Ref<Chain> Job::cancelOrDelegate() {
  owner_.cancel(id);
  failCancelled();
  return {};
}

}  // namespace phial::detail
