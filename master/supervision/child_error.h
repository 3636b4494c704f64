// A child's word on what went wrong before it became its program.
#pragma once

namespace phial::detail {

/// Written to the spawner before the child exits.
struct ChildError {
  enum class Step {
    kSetpgid,
    kPdeathsig,
    kNice,
    kAffinity,
    kNoNewPrivileges,
    kCoreDumps,
    kFileSize,
    kOpenFiles,
    kCpuTime,
    kAddressSpace,
    kChdir,
    kCloseRange,
    kDup,
    kLifeline,
    kExec
  };
  Step step;
  int code;
};

/// The call that failed: "setpgid", "setrlimit RLIMIT_AS", ...
const char* name(ChildError::Step step);

}  // namespace phial::detail
