// What process lists show of a worker, so that an operator tells it from its master.
#pragma once

#include <string>
#include <string_view>

namespace phial::inline v1::detail {

/// What a pool's worker is called: its pool, and its number there.
struct WorkerName {
  std::string pool;
  std::string number;

  /// From the value of kWorkerVariable, "pool/number".
  static WorkerName parse(std::string_view value);
  /// "render/12", at most the 15 bytes that the kernel keeps of a process's name: the pool's name
  /// is cut, never the number.
  std::string shortName() const;
  /// "phial worker 12 of pool render: ./server --port 80".
  std::string title(int argc, const char* const* argv) const;
};

/// Shows shortName() as this process's name (ps -e, top, /proc/self/comm) and title() as its
/// command line (ps -f, /proc/self/cmdline). The program's own argv and environment stay as they
/// are: the kernel is told to look elsewhere. Where it refuses to, the command line stays too.
void showAs(const WorkerName& name, int argc, const char* const* argv);

}  // namespace phial::inline v1::detail
