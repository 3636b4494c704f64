// What the child does between vfork and exec.
//
// It runs in the spawner's memory while the spawner's thread stands still: only async-signal-safe
// calls, no allocation, no exceptions, nothing that outlasts it but its own report.
#pragma once

#include <sys/types.h>

#include <optional>

namespace phial::inline v1::detail {

class SpawnPlan;

struct ChildContext {
  SpawnPlan& plan;
  pid_t spawner;
  bool ownGroup;
  bool dieWithSpawner;
  /// Added to the niceness if the system lets it; 0 for none.
  int defaultNiceness;
  std::optional<uid_t> uid;
  std::optional<gid_t> gid;
  /// Where to report; above all of the plan's targets, close-on-exec.
  int reportFd;
  /// Set by the child. The spawner sees it only if they shared memory.
  volatile bool ran;
};

/// Makes everything as planned, or reports and exits.
void setUpChild(ChildContext& context);

/// Reports that exec failed with errno, and exits.
[[noreturn]] void reportExecError(const ChildContext& context);

}  // namespace phial::inline v1::detail
