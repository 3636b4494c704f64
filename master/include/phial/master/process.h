// Child processes of a Reactor's program.
//
// Reactor::spawnProcess starts a program with exactly the descriptors, environment, directory and
// signal state that SpawnOptions name, and returns a Process to watch and signal it by. The
// spawner's memory is not copied, so the call costs the same in a program of 2 GiB as in an empty
// one. A child is watched through a pidfd in the loop, and only that child is reaped: the host's
// SIGCHLD handler and the host's own children stay the host's. After Twisted's IReactorProcess.
//
// Thread rule: the Reactor's thread.
#pragma once

#include <kj/io.h>
#include <phial/master/deferred.h>
#include <phial/master/exit_status.h>
#include <phial/master/limits.h>
#include <phial/protocol/error.h>
#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace phial {

/// A pipe that the child reads; the spawner gets the end to write.
struct PipeToChild {};
/// A pipe that the child writes; the spawner gets the end to read.
struct PipeFromChild {};
/// A descriptor of the spawner's; borrowed during the call.
struct InheritedFd {
  int fd;
};
struct DevNull {};
/// For the child's descriptors 1 and 2 (std::invalid_argument for others): the spawner's own of
/// that number if it is an output, otherwise /dev/null. In a program that has closed its stdout the
/// number may belong to a client's connection or to a pipe that wakes up a library, where a child's
/// output does harm. InheritedFd passes a descriptor on whatever it is.
struct SpawnersOutput {};
/// The end of a pipe that never carries a byte. When the spawner's end of it closes, with the
/// Process or with the spawner's own death, whatever that was, the kernel sends SIGKILL to every
/// process in the child's group. So descendants go too, stopped ones and such as block or ignore
/// every signal included. One that has made a group or session of its own (setsid, a daemon, a
/// shell with job control) lives on: the kernel knows no set of descendants that they cannot leave
/// but a control group or a PID namespace, which are the host's to make.
///
/// A descendant that inherits the descriptor keeps the arrangement alive after the child's own end;
/// otherwise the spawner's death reaches the group for as long as the child lives. A fork of the
/// spawner that never executed a program holds the spawner's end open too, and delays all this to
/// its own death. REQUIRES: a group of its own (std::invalid_argument).
struct Lifeline {};

using ChildDescriptor =
    std::variant<DevNull, InheritedFd, SpawnersOutput, PipeToChild, PipeFromChild, Lifeline>;

struct Environment {
  enum class Base { spawners, empty } base = Base::spawners;
  /// On top of the base: a value sets the variable, none removes it.
  std::map<std::string, std::optional<std::string>> changes;
};

enum class ProcessGroup {
  spawners,        ///< a terminal's Ctrl-C reaches the child too
  own,             ///< the child leads a group of its own
  ownKilledAtExit  ///< and when the child has ended, what is left of the group gets SIGKILL
};

enum class OnSpawnerDeath {
  survive,
  /// SIGKILL when the spawning thread ends (not the process: Linux counts by thread). For the child
  /// alone; see Lifeline for its descendants.
  die
};

struct SpawnOptions {
  /// A path, or a name to look for in the spawner's PATH. A relative path is relative to the
  /// spawner's directory, whatever `directory` says. A script needs its "#!" line.
  std::string executable;
  /// The arguments after argv[0].
  std::vector<std::string> args;
  /// Default: `executable` as given.
  std::optional<std::string> argv0;
  Environment environment;
  /// Default: the spawner's.
  std::string directory;
  /// What the child finds at each descriptor number. All others are closed, save 0, 1 and 2, which
  /// are /dev/null unless named here.
  std::map<int, ChildDescriptor> descriptors = {{1, SpawnersOutput{}}, {2, SpawnersOutput{}}};
  ProcessGroup processGroup = ProcessGroup::spawners;
  OnSpawnerDeath onSpawnerDeath = OnSpawnerDeath::survive;
  /// Default: the spawner's; a niceness that is not set means the spawner's here.
  Limits limits = {};
  /// Added to the spawner's niceness when `limits` sets none and the system allows it; if not, the
  /// child starts without it, and Process::refused() says so.
  int preferredNiceness = 0;
  /// The child's user and group, as numbers; supplementary groups are dropped when either is set.
  /// Default: the spawner's. They need the privilege for it; refused is a SpawnError "setuid". -1,
  /// which the system takes for "leave it", is an std::invalid_argument.
  std::optional<uid_t> uid = std::nullopt;
  std::optional<gid_t> gid = std::nullopt;
};

/// The program could not be started. Nothing is left behind: no child, no descriptor.
class SpawnError : public Error {
 public:
  SpawnError(std::string step, std::string path, int code);
  /// The message with path().
  std::string describe() const override;

  /// What failed: "execve", "chdir", "pipe2", ...
  const std::string& step() const { return step_; }
  /// What it was about: the directory for chdir, otherwise the executable.
  const std::string& path() const { return path_; }
  /// The errno.
  int code() const { return code_; }

 private:
  std::string step_;
  std::string path_;
  int code_;
};

/// A child process. Dropping it while the child runs sends SIGKILL, to the child's group if it has
/// one of its own, and leaves the reaping to the Reactor: no call blocks, and no zombie is left
/// when the Reactor is gone. REQUIRES: destroyed before the Reactor.
class Process {
 public:
  Process(Process&&) noexcept = default;
  Process& operator=(Process&& other) noexcept;
  ~Process();

  pid_t pid() const;

  /// The spawner's end of the pipe at the child's descriptor `childFd`: non-blocking,
  /// close-on-exec, now the caller's. Throws std::invalid_argument when there is none, or no more.
  /// Ends that were not taken are closed with the Process.
  kj::AutoCloseFd takePipe(int childFd);

  /// Sends a signal. False when the process has ended: never reaches another that got its number.
  bool kill(int signal);
  /// The same for the child's whole group; also false when only descendants are left of it.
  /// REQUIRES: a group of its own (std::logic_error).
  bool killGroup(int signal);

  /// Whether it has ended, which the loop may have yet to see. Costs one system call.
  bool hasEnded() const;
  /// Whether a signal such as SIGSTOP, SIGTSTP or SIGTTIN has stopped it. Costs one system call.
  bool stopped() const;
  /// How terminate() went.
  enum class Termination {
    killed,        ///< SIGKILL has been sent
    byLifeline,    ///< signals are refused, so the Lifeline was cut: the kernel kills the group
    alreadyEnded,  ///< there was nothing left to end
    refused,       ///< signals are refused, and there is no Lifeline, or it was cut before
  };

  /// Ends the child: SIGKILL, to its group if it has one of its own. A process that has changed its
  /// user since it spawned the child, or a child that has, may make the kernel refuse that (EPERM);
  /// then the child's Lifeline is cut, if it was given one. A child that has closed its end of the
  /// Lifeline survives that.
  Termination terminate();

  /// The child as a pidfd, borrowed; -1 once its end is known.
  int pidfd() const;

  /// What the child goes without: defaults that nobody asked for, and that the system refuses to
  /// set, each with the system's reason. See Limits::niceness.
  const std::vector<std::string>& refused() const;

  /// How it ended; empty while it runs, or while the loop has not seen its end.
  const std::optional<ExitStatus>& status() const;
  /// All zero before the end.
  const ResourceUse& resources() const;

  /// Calls `f` from the loop when the process has ended, after status() is set, whoever may still
  /// hold its pipes; soon, when it has ended already. Several are called in the order given.
  /// Destroying the Process drops them.
  void onExit(std::function<void(const ExitStatus&)> f);

  /// The same as a Deferred. It never fails; it stays pending when the Process is destroyed first.
  /// Cancelling it cancels the waiting only.
  Deferred<ExitStatus> exited();

  class State;  // private to the library
  explicit Process(std::shared_ptr<State> state);

 private:
  std::shared_ptr<State> state_;
};

}  // namespace phial
