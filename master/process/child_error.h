// A child's word on what went wrong before it became its program.
#pragma once

namespace phial::inline v1::detail {

/// Written to the spawner before the child exits.
struct ChildError {
  enum class Step {
    kSetpgid,
    kSetsid,
    kTerminal,
    kSetgroups,
    kSetgid,
    kSetuid,
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
  /// A lack is something that the program starts without.
  enum class Weight { kFailure, kLack };
  Step step;
  int code;
  Weight weight = Weight::kFailure;
};

/// The call that failed: "setpgid", "setrlimit RLIMIT_AS", ...
const char* name(ChildError::Step step);

}  // namespace phial::inline v1::detail
