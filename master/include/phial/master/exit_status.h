// How a process ended, and what it used.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace phial {

/// It called exit, or returned from main.
struct Exited {
  int code = 0;  ///< 0 to 255
  bool operator==(const Exited&) const = default;
};

/// A signal ended it.
struct Signalled {
  int signal = 0;
  enum class Core { notDumped, dumped } core = Core::notDumped;
  bool operator==(const Signalled&) const = default;
};

/// It has ended, and somebody else took the answer: the host program waits for every child, or
/// ignores SIGCHLD, so that the kernel keeps none.
struct StatusUnknown {
  bool operator==(const StatusUnknown&) const = default;
};

using ExitStatus = std::variant<Exited, Signalled, StatusUnknown>;

/// "exited with status 1", "killed by SIGSEGV (core dumped)", "ended, status unknown".
std::string describe(const ExitStatus& status);

/// What a process and those of its children that it waited for have used. All zero or empty with
/// StatusUnknown.
struct ResourceUse {
  std::chrono::microseconds userTime{};
  std::chrono::microseconds systemTime{};
  /// The largest resident set. Linux starts the count with the spawner's own peak, because the
  /// child borrows the spawner's memory until exec; a peak that does not exceed that is not known.
  std::optional<std::uint64_t> peakRssBytes;
};

}  // namespace phial
