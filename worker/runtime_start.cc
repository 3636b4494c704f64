// The start call: what the master's program wants done before the first job.
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

}  // namespace phial::inline v1::detail
