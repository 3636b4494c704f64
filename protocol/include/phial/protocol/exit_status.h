// How a process ended, and what it used.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// The process called exit, or returned from main.
struct Exited {
  int code = 0;  ///< from 0 to 255
  bool operator==(const Exited&) const = default;
};

/// A signal ended the process.
struct Signalled {
  int signal = 0;
  enum class Core { notDumped, dumped } core = Core::notDumped;
  bool operator==(const Signalled&) const = default;
};

/// The process has ended, but its status was taken by somebody else: the host program waits for
/// every child, or ignores SIGCHLD, so that the kernel keeps no status.
struct StatusUnknown {
  bool operator==(const StatusUnknown&) const = default;
};

using ExitStatus = std::variant<Exited, Signalled, StatusUnknown>;

/// In words: "exited with status 1", "killed by SIGSEGV (core dumped)", "ended, status unknown".
std::string describe(const ExitStatus& status);

/// What a process used, together with those of its children that it has waited for. Zero or empty
/// for StatusUnknown.
struct ResourceUse {
  std::chrono::microseconds userTime{};
  std::chrono::microseconds systemTime{};
  /// The largest resident set. Linux begins the count with the spawner's own peak, because the
  /// child borrows the spawner's memory until exec. If the child's peak is not above the spawner's
  /// (by more than 4 MiB, the error of the reading), it is not known and this is empty.
  std::optional<std::uint64_t> peakRssBytes;
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
