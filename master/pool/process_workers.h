// Makes workers that are processes.
//
// All WorkerProcesses of a pool share a thread for large results and arguments, a count of the
// victims of the out-of-memory killer, and the template, if there is one. The factory owns all of
// them, so they outlive the workers.
#pragma once

#include <phial/master/pool_options.h>
#include <phial/master/reactor.h>
#include <phial/protocol/arena.h>

#include <memory>

#include "master/log/pool_log.h"
#include "master/worker/pool_worker.h"
#include "master/worker/start_calls.h"

namespace phial::inline v1::detail {

/// Returns a factory of WorkerProcesses. `reactor`, `clock`, `options` and `startCalls` are
/// borrowed and outlive the factory. A worker reads `options` when it starts: a changed command
/// counts from the next worker on. `takeMemory` gives the memory for large values on their way.
WorkerFactory processWorkers(Reactor& reactor, Clock& clock, const PoolOptions& options,
                             const StartCalls& startCalls, std::shared_ptr<PoolLog> log,
                             TakeMemory takeMemory);

}  // namespace phial::inline v1::detail
