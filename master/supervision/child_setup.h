// What the child does between vfork and exec.
//
// It runs in the spawner's memory while the spawner's thread stands still: only async-signal-safe
// calls, no allocation, no exceptions, nothing that outlasts it but its own report.
#pragma once

#include <sys/types.h>

namespace phial::detail {

class SpawnPlan;

/// The child's word on what went wrong, written to the spawner before it exits.
struct ChildError {
  enum class Step { kSetpgid, kPdeathsig, kNice, kChdir, kCloseRange, kDup, kExec };
  Step step;
  int code;
};

const char* name(ChildError::Step step);

struct ChildContext {
  SpawnPlan& plan;
  pid_t spawner;
  int niceness;
  bool ownGroup;
  bool dieWithSpawner;
  /// Where to report; above all of the plan's targets, close-on-exec.
  int reportFd;
  /// Set by the child. The spawner sees it only if they shared memory.
  volatile bool ran;
};

/// Makes everything as planned, or reports and exits.
void setUpChild(ChildContext& context);

/// Reports that exec failed with errno, and exits.
[[noreturn]] void reportExecError(const ChildContext& context);

}  // namespace phial::detail
