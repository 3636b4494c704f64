// How much memory a process has resident.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace phial::inline v1::detail {

/// The resident set in bytes, as /proc/<pid>/statm says it: exact to the kernel's per-core
/// counters, some hundred KiB. Nothing when the process is gone or /proc is not to be read. About
/// 5 us, whatever the process's size.
std::optional<std::uint64_t> residentBytes(pid_t pid);

}  // namespace phial::inline v1::detail
