// Child processes of a Reactor's program. After Twisted's IReactorProcess.
//
// Reactor::spawnProcess starts a program with exactly the descriptors, environment, directory and
// signal state that SpawnOptions name. It returns a Process, through which the child is watched and
// signalled. The spawner's memory is not copied, so the call costs the same in a program of 2 GiB
// as in a small one. The loop watches the child through a pidfd and reaps only this child: the
// host's SIGCHLD handler and the host's own children are not touched.
//
// Thread rule: the Reactor's thread.
#pragma once

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

namespace kj {
class AutoCloseFd;
}

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// A pipe that the child reads. The spawner gets the writing end.
struct PipeToChild {};
/// A pipe that the child writes. The spawner gets the reading end.
struct PipeFromChild {};
/// A descriptor of the spawner; borrowed during the call.
struct InheritedFd {
  int fd;
};
/// /dev/null, for reading and writing.
struct DevNull {};
/// The spawner's own stdout or stderr, for the child's descriptor 1 or 2; std::invalid_argument for
/// another descriptor. If the spawner's descriptor of this number is not an output, the child gets
/// /dev/null. The check matters in a program that has closed its stdout: the number may then belong
/// to a client's connection or to a pipe that wakes a library, and a child's output would do harm
/// there. InheritedFd passes a descriptor on without a check.
struct SpawnersOutput {};
/// Ends the child's process group when the spawner dies. The child gets one end of a pipe that
/// never carries a byte. When the spawner's end closes, with the Process or with the spawner's
/// death, whatever its cause, the kernel sends SIGKILL to every process in the child's group: to
/// descendants too, and also to processes that are stopped or block every signal. A process that
/// has made a group or session of its own (setsid, a daemon, a shell with job control) survives.
/// Only a control group or a PID namespace could reach it, and those are for the host to make.
///
/// The Lifeline works while the child lives. If a descendant has inherited the descriptor, it works
/// until the descendant ends. If the spawner has forked a process that never executed another
/// program, this process also holds the spawner's end open, and delays the kill until its own
/// death. REQUIRES: a process group of the child's own (std::invalid_argument).
struct Lifeline {};

/// A pseudo-terminal. The child gets it as its descriptors 0, 1 and 2 and as its controlling
/// terminal, and leads a session of its own. Echo and line editing are on, as in a new terminal.
struct Pty {
  unsigned short rows = 24;
  unsigned short columns = 80;
};

using ChildDescriptor =
    std::variant<DevNull, InheritedFd, SpawnersOutput, PipeToChild, PipeFromChild, Lifeline>;

/// The default of SpawnOptions::descriptors: SpawnersOutput for 1 and 2.
std::map<int, ChildDescriptor> spawnersOutputs();

/// The environment of a child.
struct Environment {
  enum class Base { spawners, empty } base = Base::spawners;
  /// Changes on top of the base: a value sets the variable, std::nullopt removes it.
  std::map<std::string, std::optional<std::string>> changes = {};
};

enum class ProcessGroup {
  spawners,        ///< the spawner's group: a terminal's Ctrl-C reaches the child too
  own,             ///< the child leads a group of its own
  ownKilledAtExit  ///< as own; when the child has ended, what is left of its group gets SIGKILL
};

enum class OnSpawnerDeath {
  survive,
  /// The kernel sends SIGKILL to the child when the spawning thread ends: Linux ties this to the
  /// thread, not to the process. Reaches the child alone; see Lifeline for its descendants.
  die
};

struct SpawnOptions {
  /// A path, or a name to look for in the spawner's PATH. A relative path is relative to the
  /// spawner's directory, not to `directory`. A script needs its "#!" line.
  std::string executable = {};
  /// The arguments after argv[0].
  std::vector<std::string> args = {};
  /// argv[0]. Default: `executable` as given.
  std::optional<std::string> argv0 = {};
  Environment environment = {};
  /// The child's working directory. Default: the spawner's.
  std::string directory = {};
  /// What the child finds at each descriptor number. Descriptors 0, 1 and 2 are /dev/null unless
  /// named here; all others are closed unless named here. Default: the spawner's stdout and stderr.
  std::map<int, ChildDescriptor> descriptors = spawnersOutputs();
  ProcessGroup processGroup = ProcessGroup::spawners;
  OnSpawnerDeath onSpawnerDeath = OnSpawnerDeath::survive;
  /// Default: the spawner's limits. A niceness that is not set means the spawner's niceness here.
  Limits limits = {};
  /// Added to the spawner's niceness when `limits` sets no niceness. If the system refuses it, the
  /// child starts without it, and Process::refused() says so. Default 0.
  int preferredNiceness = 0;
  /// The child's user and group, as numbers. When either is set, supplementary groups are dropped.
  /// Default: the spawner's. Setting them needs the privilege; without it spawning fails with a
  /// SpawnError whose step is "setgroups", "setgid" or "setuid". -1 is a std::invalid_argument,
  /// because the system takes it for "leave unchanged".
  std::optional<uid_t> uid = std::nullopt;
  std::optional<gid_t> gid = std::nullopt;
  /// If set, the child's descriptors 0, 1 and 2 are this pseudo-terminal, whatever `descriptors`
  /// says of them. The child then leads a session and a process group of its own. Process::takePipe
  /// of 0 gives the spawner's end, for reading and writing; when it closes, the kernel hangs up the
  /// terminal (SIGHUP). If `uid` is set, the terminal belongs to that user. Default: none.
  std::optional<Pty> pty = std::nullopt;
};

/// A program could not be started. Nothing is left behind: no child, no descriptor.
class SpawnError : public Error {
 public:
  SpawnError(std::string step, std::string path, int code);
  /// what() with path().
  std::string describe() const override;

  /// The step that failed: "execve", "chdir", "pipe2", ...
  const std::string& step() const { return step_; }
  /// The subject of the step: the directory for "chdir", otherwise the executable.
  const std::string& path() const { return path_; }
  /// The errno of the step.
  int code() const { return code_; }

 private:
  std::string step_;
  std::string path_;
  int code_;
};

/// A child process. Dropping a Process while the child runs sends SIGKILL to the child, or to its
/// group if it has one of its own. The Reactor then reaps the child: dropping does not block, and
/// no zombie is left when the Reactor is gone. REQUIRES: destroyed before the Reactor. A moved-from
/// Process may only be assigned to or destroyed.
class Process {
 public:
  Process(Process&&) noexcept = default;
  Process& operator=(Process&& other) noexcept;
  ~Process();

  /// The child's process id.
  pid_t pid() const;

  /// Gives the caller the spawner's end of the pipe at the child's descriptor `childFd`:
  /// non-blocking, close-on-exec. SpawnOptions::pty counts as a pipe at descriptor 0. Throws
  /// std::invalid_argument when there is no such pipe, or it was taken before. Ends that are not
  /// taken are closed with the Process. If the end of a Lifeline is taken, terminate() can no
  /// longer cut it. A program that calls this includes <kj/io.h>.
  kj::AutoCloseFd takePipe(int childFd);

  /// Sends a signal to the child. Returns false when the child has been reaped or the system
  /// refuses the signal. Never reaches another process that has got the child's number. A child
  /// that has ended and is not reaped yet takes the signal without effect.
  bool kill(int signal);
  /// Sends a signal to every process of the child's group. Returns false when the child has been
  /// reaped, even if descendants are left in the group. REQUIRES: a group of its own
  /// (std::logic_error).
  bool killGroup(int signal);

  /// True when the child has ended, which the loop may not have seen yet. Costs one system call.
  bool hasEnded() const;
  /// True when a signal such as SIGSTOP, SIGTSTP or SIGTTIN has stopped the child. Costs one system
  /// call.
  bool stopped() const;
  /// The result of terminate().
  enum class Termination {
    killed,        ///< SIGKILL has been sent
    byLifeline,    ///< signals are refused, so the Lifeline was cut: the kernel kills the group
    alreadyEnded,  ///< the child had ended before
    refused,       ///< signals are refused, and there is no Lifeline, or it was cut or taken
  };

  /// Ends the child by SIGKILL, sent to its group if it has one of its own. If the spawner or the
  /// child has changed its user since the spawn, the kernel may refuse the signal (EPERM); the
  /// child's Lifeline, if it has one, is cut then. A child that has closed its end of the Lifeline
  /// survives the cut.
  Termination terminate();

  /// The child's pidfd, borrowed; -1 once the loop has seen the child's end.
  int pidfd() const;

  /// What the child runs without because the system refused it, each with the system's reason. Only
  /// defaults that nobody asked for by name are listed; see Limits::niceness.
  const std::vector<std::string>& refused() const;

  /// How the child ended. Empty until the loop has seen the child's end.
  const std::optional<ExitStatus>& status() const;
  /// What the child used; all zero until the loop has seen the child's end.
  const ResourceUse& resources() const;

  /// Calls `f` from the loop when the child has ended, after status() is set, even if other
  /// processes still hold the child's pipes. If the child has ended already, `f` is called soon,
  /// from the loop, not inside this call. Several functions are called in the order in which they
  /// were given. Destroying the Process drops them uncalled.
  void onExit(std::function<void(const ExitStatus&)> f);

  /// Returns how the child ends. Never fails. Stays pending when the Process is destroyed first.
  /// Cancelling ends the waiting, not the child.
  Deferred<ExitStatus> exited();

  class State;  // private to the library
  explicit Process(std::shared_ptr<State> state);
  /// Private to the library. Takes over another child of the spawner, which this child has cloned
  /// from itself (CLONE_PARENT) and which has no pipes yet.
  Process adoptSibling(pid_t pid, kj::AutoCloseFd pidfd) const;
  /// Private to the library. The spawner's ends of the pipes that the child has been sent, by the
  /// child's numbers; `lifeline` is the number of its Lifeline.
  void connect(std::map<int, kj::AutoCloseFd> pipes, int lifeline);

 private:
  std::shared_ptr<State> state_;
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
