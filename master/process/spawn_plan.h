// All that a child needs between vfork and exec, made ready beforehand: there, nothing may be
// allocated.
#pragma once

#include <kj/io.h>
#include <phial/master/process.h>

#include <map>
#include <string>
#include <vector>

#include "master/process/child_limits.h"

namespace phial::inline v1::detail {

/// Makes the child's descriptor `target` the spawner's `source`.
struct FdMove {
  int source;
  int target;
};

class SpawnPlan {
 public:
  /// Opens pipes and finds the executable. Throws SpawnError, or std::invalid_argument for options
  /// that can never work (a negative descriptor, a NUL in a string, a limit of nothing).
  explicit SpawnPlan(const SpawnOptions& options);
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  const char* executable() const { return executable_.c_str(); }
  /// Null: stay.
  const char* directory() const { return directory_.empty() ? nullptr : directory_.c_str(); }
  char* const* argv() const { return argv_.data(); }
  char** envp() { return envp_.data(); }
  std::vector<FdMove>& moves() { return moves_; }
  const ChildLimits& limits() const { return limits_; }
  int highestTarget() const { return highestTarget_; }
  /// The child's descriptor that is a Lifeline, or -1.
  int lifeline() const { return lifeline_; }
  /// Whether the child's descriptor 0 is to become its controlling terminal.
  bool hasTerminal() const { return hasTerminal_; }
  /// The spawner's ends, by the child's numbers.
  std::map<int, kj::AutoCloseFd> takePipes() { return std::move(pipes_); }

 private:
  void planArguments(const SpawnOptions& options);
  void planEnvironment(const Environment& environment);
  void planDescriptors(const SpawnOptions& options);
  int childEnd(int target, const ChildDescriptor& wanted, ProcessGroup group);
  enum class PipeSide { read, write };
  int pipeEnd(int target, PipeSide childSide);
  int lifelineEnd(int target, ProcessGroup group);
  int terminalEnd(const SpawnOptions& options);
  int keep(kj::AutoCloseFd fd, const char* step);

  ChildLimits limits_;
  std::string executable_;
  std::string directory_;
  std::vector<std::string> strings_;  // behind argv_ and envp_
  std::vector<char*> argv_;
  std::vector<char*> envp_;
  std::vector<FdMove> moves_;
  std::vector<kj::AutoCloseFd> childEnds_;
  std::map<int, kj::AutoCloseFd> pipes_;
  int highestTarget_ = 2;
  int lifeline_ = -1;
  bool hasTerminal_ = false;
};

/// The group that the child is to have: the leader of a session leads a group too.
inline ProcessGroup groupOf(const SpawnOptions& options) {
  const bool sharesGroup = options.processGroup == ProcessGroup::spawners;
  return options.pty && sharesGroup ? ProcessGroup::own : options.processGroup;
}

/// The file to execute: `name` if it has a slash, otherwise the first executable file of that name
/// in the PATH; absolute unless it was a path that a change of directory does not affect. Throws
/// SpawnError.
std::string findExecutable(const std::string& name);

}  // namespace phial::inline v1::detail
