// What is called beside the jobs: the start calls, which the master's program wants made before the
// first job, and the end of a lease.
#include <cxxabi.h>
#include <phial/protocol/worker_contract.h>

#include <cstdio>
#include <optional>
#include <utility>

#include "worker/own_process.h"
#include "worker/runtime.h"
#include "worker/throw_site.h"

namespace phial::inline v1::detail {

// At the top level, as a job is run: the function may block.
void Runtime::runStart() {
  const auto request = std::move(start_);
  page_.phase.store(Phase::starting, std::memory_order_release);
  const auto failure = callStart(request->call());
  std::fflush(stdout);
  if (failure) {
    request->fail(*failure);
    stop(kCannotServeStatus);
  }
  request->answer();
  pushOut();
  // What it has changed, such as the working directory, is how jobs find their worker.
  upkeep_ = Upkeep(needed_);
  page_.phase.store(Phase::idle, std::memory_order_release);
}

std::optional<Failure> Runtime::callStart(schema::Job::Reader call) {
  ThrowSites throwSites;
  try {
    prepare(call)->run();
    if (inForkedChild()) endForkedChild();
    return std::nullopt;
  } catch (abi::__forced_unwind&) {
    if (inForkedChild()) endForkedChild();
    endOfThread();
  } catch (...) {
    if (inForkedChild()) endForkedChild();
    return Failure::currentOfJob(throwSites.latest());
  }
}

// At the top level too: destructors are the program's code, and what they change is put right as
// after a job.
void Runtime::runLeaseEnd() {
  const auto request = std::move(leaseEnd_);
  page_.phase.store(Phase::running, std::memory_order_release);
  session_.end();
  if (inForkedChild()) endForkedChild();
  std::fflush(stdout);
  look();
  if (damaged_) return;
  request->answer();
  pushOut();
  page_.phase.store(Phase::idle, std::memory_order_release);
}

}  // namespace phial::inline v1::detail
