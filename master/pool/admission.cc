#include "master/pool/admission.h"

#include <phial/master/errors.h>

#include <string>

#include "master/pool/argument_rules.h"

namespace phial::inline v1::detail {

std::optional<Failure> Admission::refusal(const Job& job, const Placement& placement) const {
  try {
    return objection(job, placement);
  } catch (...) {
    return argumentFailure(Failure::current());
  }
}

// Throws when the arguments cannot even be measured.
std::optional<Failure> Admission::objection(const Job& job, const Placement& placement) const {
  if (const Failure* fault = job.fault()) return *fault;
  const bool child = placement.at == Placement::At::child;
  if (auto reason = child ? childRefusal() : placement.bound() ? stopped() : startRefusal()) {
    return reason;
  }
  if (!child && !hasRoom(placement)) {
    return Failure(QueueFull("the queue of pool " + context_.options.name +
                             " is full: " + std::to_string(inLine(placement)) + " jobs wait"));
  }
  // Those that are written aside are measured there.
  const auto words = job.writtenAside() ? 0 : job.argumentWords();
  const auto bytes = words * sizeof(capnp::word) + kEnvelopeBytes;
  if (bytes > context_.options.maxMessageBytes) {
    return Failure(EncodingError("the arguments need about " + std::to_string(bytes) +
                                 " bytes; the pool's limit for a message is " +
                                 std::to_string(context_.options.maxMessageBytes)));
  }
  const auto& deadline = job.options().deadline;
  if (deadline && *deadline <= context_.clock.now()) {
    return Failure(DeadlineExceeded("the deadline had passed when the job was submitted"));
  }
  return std::nullopt;
}

std::optional<Failure> Admission::startRefusal() const {
  if (auto reason = stopped()) return reason;
  const Staffing& staffing = crew_.staffing();
  if (!staffing.startupFailure() || crew_.roster().shared() > 0) return std::nullopt;
  const bool inVain = books_.condemned() || staffing.hopeless(context_.clock.now());
  if (!inVain) return std::nullopt;
  return Failure(StartupFailed(*staffing.startupFailure()));
}

std::optional<Failure> Admission::stopped() const {
  if (!life_.ending()) return std::nullopt;
  return Failure(PoolStopped("pool " + context_.options.name + " has been stopped"));
}

// What is queued when a pool drains may call further jobs.
std::optional<Failure> Admission::childRefusal() const {
  if (life_.phase() == PoolLife::Phase::draining) return std::nullopt;
  return stopped();
}

bool Admission::hasRoom(const Placement& placement) const {
  const std::size_t most = context_.options.maxQueue;
  if (most == 0 || inLine(placement) < most) return true;
  return !placement.bound() && schedule_.anyFree();
}

std::size_t Admission::inLine(const Placement& placement) const {
  if (!placement.bound()) return books_.queue().size() + books_.placed().fresh().size();
  const JobQueue* const line = books_.placed().of(placement.worker);
  return line != nullptr ? line->size() : 0;
}

}  // namespace phial::inline v1::detail
