// How a worker process is laid out: its descriptors, its environment, its limits. See
// worker_contract.h for the numbers of the descriptors.
#pragma once

#include <phial/master/death_certificate.h>
#include <phial/master/pool_options.h>
#include <phial/master/process.h>

#include <kj/io.h>

#include <cstdint>
#include <optional>
#include <string>

#include "master/process/oom_kills.h"
#include "master/worker/worker_environment.h"
#include "master/worker/worker_link.h"
#include "master/worker/worker_page.h"

namespace phial::inline v1::detail {

/// What a worker, or the template of `options`, is spawned with, save its descriptors. `name` is
/// its number, or kTemplateName.
SpawnOptions workerSpawnOptions(const PoolOptions& options, const std::string& name);

/// A worker process that runs, and this process's ends of what leads to it.
struct SpawnedWorker {
  Process process;
  WorkerLink::Channels channels;
  /// Kept open as long as requests are written: a pipe with a reader raises no SIGPIPE when the
  /// worker is gone. Empty where the write end reads as well.
  kj::AutoCloseFd requestReadEnd;
  /// What the kernel had counted before the spawn.
  std::optional<OomKills::Mark> oomMark;
  WorkerOrigin origin;
};

/// Makes the worker of this number, which inherits `page`: from the template's spare, or else it is
/// spawned. Tells the owner by workerLacks() what
/// it does without. Throws SpawnError, std::system_error, std::bad_alloc; nothing is left then.
SpawnedWorker spawnWorker(const WorkerEnvironment& environment, std::uint64_t number,
                          WorkerPage& page);

}  // namespace phial::inline v1::detail
