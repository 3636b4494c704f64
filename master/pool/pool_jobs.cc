// The jobs' side of the pool: from submission to the verdict.
#include <phial/master/errors.h>
#include <phial/protocol/enclosed_files.h>
#include <phial/protocol/failure_codec.h>
#include <phial/protocol/saturating_time.h>

#include <algorithm>
#include <string>
#include <utility>

#include "master/pool/pool_core.h"

namespace phial::detail {

void PoolCore::submit(Ref<Job> job) {
  if (auto reason = refusal(*job)) return refuse(std::move(job), std::move(*reason));
  timers_.watchDeadline(books_.enter(std::move(job), reactor_.now()));
  started_ = true;
  // Busy workers get theirs when the caller is done: the more there are by then, the fewer calls.
  if (crew_.roster().idle() > 0) dispatcher_.dispatch(reactor_.now() + PendingWork::kSlice);
  fill();
  pending_.finishSoon();
}

void PoolCore::refuse(Ref<Job> job, Failure reason) {
  books_.refuse(std::move(job), std::move(reason));
  pending_.finishSoon();
}

std::optional<Failure> PoolCore::refusal(const Job& job) {
  try {
    return objection(job);
  } catch (...) {
    return detail::argumentFailure(Failure::current());
  }
}

// Throws when the arguments cannot even be measured.
std::optional<Failure> PoolCore::objection(const Job& job) {
  if (const Failure* fault = job.fault()) return *fault;
  if (stopping_) return Failure(PoolStopped("pool " + options_.name + " has been stopped"));
  if (startBlocked()) return Failure(StartupFailed(*crew_.staffing().startupFailure()));
  if (!hasRoom()) {
    return Failure(QueueFull("the queue of pool " + options_.name +
                             " is full: " + std::to_string(books_.queue().size()) + " jobs wait"));
  }
  // Those that are written aside are measured there.
  const auto words = job.writtenAside() ? 0 : job.argumentWords();
  const auto bytes = words * sizeof(capnp::word) + kEnvelopeBytes;
  if (bytes > options_.maxMessageBytes) {
    return Failure(EncodingError("the arguments need about " + std::to_string(bytes) +
                                 " bytes; the pool's limit for a message is " +
                                 std::to_string(options_.maxMessageBytes)));
  }
  const auto& deadline = job.options().deadline;
  if (deadline && *deadline <= clock_.now()) {
    return Failure(DeadlineExceeded("the deadline had passed when the job was submitted"));
  }
  return std::nullopt;
}

bool PoolCore::cancel(std::uint64_t id) {
  if (inherited()) return true;
  JobEntry* const entry = books_.find(id);
  if (entry == nullptr) return true;
  timers_.abandon(*entry, DeathCause::cancel);
  const bool mayHaveRun = !JobBooks::neverRan(*entry);
  books_.cancel(*entry);
  pending_.finishSoon();
  return mayHaveRun;
}

}  // namespace phial::detail
