#include <phial/master/detail/job.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "master/pool/traceparent.h"
#include "master/process/option_check.h"

namespace phial::inline v1::detail {
namespace {

void checkTrace(const Held<std::string>& trace, const OptionCheck& check) {
  if (trace && !isTraceparent(*trace)) check.reject("trace", "is no W3C traceparent");
}

std::optional<Failure> faultOf(const MapOptions& options) {
  try {
    const OptionCheck job("JobOptions");
    job.aboveZero("timeout", options.job.timeout);
    job.aboveZero("softTimeout", options.job.softTimeout);
    job.count("maxAttempts", options.job.maxAttempts);
    if (options.job.maxAttempts == 0) {
      job.reject("maxAttempts", "is 0: no worker could run the job");
    }
    checkTrace(options.job.trace, job);
    const OptionCheck map("MapOptions");
    map.count("chunk", options.chunk);
    map.count("inFlight", options.inFlight);
    return std::nullopt;
  } catch (const std::invalid_argument&) {
    return Failure::current();
  }
}

}  // namespace

CallOptions::CallOptions(MapOptions options) : value(std::move(options)), fault(faultOf(value)) {}

const JobOptions Job::kDefaults;

Job::Job(Ticket ticket, Ref<CallOptions> options, const FunctionName& function)
    : id(ticket.id), owner_(ticket.owner), options_(std::move(options)), function_(&function) {
  addProducer();
}

const std::string& Job::label() const {
  static const std::string kNone;
  const auto& label = options().label;
  return label ? *label : kNone;
}

void Job::succeed() {
  if (!fired()) fire();
}

void Job::refuse(Failure failure) {
  if (fired()) return;
  fail(std::move(failure));
  fire();
}

const std::string& Job::trace() const {
  static const std::string kNone;
  const auto& trace = options().trace;
  return trace ? *trace : kNone;
}

WaitingFor Job::waitingFor() const {
  std::string text = "job " + std::string(function().name);
  if (!label().empty()) text += " \"" + label() + "\"";
  const std::string where = owner_.whereIs(id);
  return {where.empty() ? text : text + " " + where, {}};
}

void Job::cancel(std::vector<Ref<Chain>>&) {
  const bool known = owner_.cancel(id);
  if (fired()) return;
  Failure cancelled{CancelledError()};
  failNow(known ? std::move(cancelled) : cancelled.neverRun());
}

}  // namespace phial::inline v1::detail
