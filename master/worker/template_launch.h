// How a template process is started. See template_contract.h.
#pragma once

#include <kj/io.h>
#include <phial/master/pool_options.h>
#include <phial/master/process.h>
#include <phial/master/reactor.h>

namespace phial::inline v1::detail {

struct LaunchedTemplate {
  Process process;
  kj::AutoCloseFd socket;  ///< does not block
};

/// Spawns the template of a pool with these options, which prepares at once. Throws as
/// spawnWorker() does, and what a codec of the program's throws. REQUIRES: options.warm.
LaunchedTemplate launchTemplate(Reactor& reactor, const PoolOptions& options);

}  // namespace phial::inline v1::detail
