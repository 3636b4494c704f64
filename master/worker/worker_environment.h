// What a worker is given by its pool.
#pragma once

#include <phial/master/pool_options.h>
#include <phial/master/reactor.h>
#include <phial/protocol/arena.h>
#include <phial/protocol/side_thread.h>

#include <memory>

#include "master/log/pool_log.h"
#include "master/process/oom_kills.h"
#include "master/worker/pool_worker.h"
#include "master/worker/start_calls.h"
#include "master/worker/worker_template.h"

namespace phial::inline v1::detail {

/// All of it is borrowed, and outlives the worker.
struct WorkerEnvironment {
  Reactor& reactor;
  Clock& clock;  // the pool's, which tests may control
  const PoolOptions& options;
  const StartCalls& startCalls;
  const std::shared_ptr<PoolLog>& log;
  OomKills& oomKills;
  SideThread& side;              // reads large results, writes large arguments
  const TakeMemory& takeMemory;  // for them on their way
  PoolWorker::Owner& owner;
  WorkerTemplate* warm = nullptr;  // what workers are forked from; null: each is spawned
};

}  // namespace phial::inline v1::detail
