// A job that a job has called: the worker's message in place of typed arguments.
//
// The arguments stay in the message of the calling worker until the job is written, and the result
// is copied into the answer when it arrives. Neither is looked into.
//
// Thread rule: the loop's.
#pragma once

#include <phial/master/detail/deferred_link.h>
#include <phial/master/detail/job.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "master/worker/child_call.h"

namespace phial::inline v1::detail {

/// The message, and the name that a job borrows of it.
struct CalledByJob {
  explicit CalledByJob(std::shared_ptr<ChildCall> from)
      : call(std::move(from)), name{call->function, call->signature} {}
  CalledByJob(const CalledByJob&) = delete;
  CalledByJob& operator=(const CalledByJob&) = delete;

  const std::shared_ptr<ChildCall> call;
  const FunctionName name;
};

class ChildJob final : private CalledByJob, public Holding<void, Job> {
 public:
  ChildJob(Job::Ticket ticket, Ref<CallOptions> options, std::shared_ptr<ChildCall> from)
      : CalledByJob(std::move(from)), Holding(ticket, std::move(options), name) {}

  unsigned argumentCount() const override;
  std::uint64_t argumentWords() const override;
  void encodeArguments(ListWriter to) const override;
  std::shared_ptr<const void> arguments() const override { return nullptr; }
  void accept(ValueReader result) override;
};

}  // namespace phial::inline v1::detail
