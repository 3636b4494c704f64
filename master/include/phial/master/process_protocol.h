// A child process as a program with a loop talks to it. After Twisted's ProcessProtocol and
// IProcessTransport.
//
//   class Checker : public phial::ProcessProtocol {
//     void connectionMade() override { transport().write("12 + 30\n"), transport().closeStdin(); }
//     void outReceived(std::string_view bytes) override { answer_ += bytes; }
//     void processEnded(const phial::Failure& reason) override {
//       if (reason.check<phial::ProcessDone>()) std::puts(answer_.c_str());
//     }
//     std::string answer_;
//   };
//   reactor.spawnProcess(std::make_shared<Checker>(), "bc");
//
// To collect a program's output in one call use process_output.h. For a child without a protocol,
// of which the program holds the pipes itself, use Process in process.h.
//
// Life: the Reactor keeps the protocol from spawnProcess() until processEnded() has returned. The
// child is the Reactor's: if the Reactor ends first, the child gets SIGKILL, its descriptors are
// closed, and the protocol is dropped without a further call. A protocol may stop the Reactor, give
// up the last pointer to itself, and spawn others, in any of its callbacks; only the Reactor must
// not be destroyed there.
//
// Calls: connectionMade() comes inside spawnProcess(), every other callback from the loop, one at a
// time. If a callback throws, the exception goes to Reactor::onCallbackError, and the callbacks
// that are due come all the same.
//
// Fork: in a process forked from the Reactor's own a transport does nothing.
//
// Thread rule: the Reactor's thread.
#pragma once

#include <phial/master/deferred.h>
#include <phial/master/process.h>
#include <phial/protocol/failure.h>

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

namespace detail {
class ChildConnection;
}

/// How spawnProcess with a protocol starts its program. Fields stand in the order in which a
/// designated initializer must name them.
struct ProcessSpawnOptions {
  /// Default: the spawner's environment, without changes. Environment::Base::empty begins with
  /// none.
  Environment environment = {};
  /// The child's working directory. Default: the spawner's.
  std::string directory = {};
  /// As SpawnOptions::uid and gid: the child runs as this user, without supplementary groups, or
  /// spawnProcess throws SpawnError and there is no child.
  std::optional<uid_t> uid = std::nullopt;
  std::optional<gid_t> gid = std::nullopt;
  /// If set, the child's descriptors 0, 1 and 2 are one pseudo-terminal; `childFds` then says what
  /// the others are. What the child writes arrives as descriptor 1. Default: none.
  std::optional<Pty> pty = std::nullopt;
  /// What the child finds at each descriptor number. Only pipes are reported to the protocol. 0, 1
  /// and 2 are /dev/null unless named here; all others are closed unless named here.
  std::map<int, ChildDescriptor> childFds = {
      {0, PipeToChild{}}, {1, PipeFromChild{}}, {2, PipeFromChild{}}};
  /// With ProcessGroup::ownKilledAtExit what the child has started ends with it.
  ProcessGroup processGroup = ProcessGroup::spawners;
  /// Default: the spawner's limits.
  Limits limits = {};
};

/// How a child has ended: the reason that processExited() and processEnded() are given.
class ProcessExit : public Error {
 public:
  const ExitStatus& status() const { return status_; }
  /// The exit status, from 0 to 255; empty if the child did not exit by itself.
  std::optional<int> exitCode() const;
  /// The signal that ended the child; empty if none did.
  std::optional<int> signal() const;

 protected:
  explicit ProcessExit(const ExitStatus& status);

 private:
  ExitStatus status_;
};

/// The child has exited with status 0.
class ProcessDone final : public ProcessExit {
 public:
  ProcessDone() : ProcessExit(Exited{0}) {}
};

/// The child has ended in another way. If the status is a StatusUnknown, the host program has
/// waited for the child or ignores SIGCHLD, and both exitCode() and signal() are empty.
class ProcessTerminated final : public ProcessExit {
 public:
  explicit ProcessTerminated(const ExitStatus& status) : ProcessExit(status) {}
  FailureKind kind() const noexcept override { return FailureKind::crashed; }
};

/// signalProcess() was called after the child's end.
class ProcessExitedAlready final : public Error {
 public:
  ProcessExitedAlready() : Error("the process has ended already") {}
};

/// The pipe to the child closed before all that was waiting had been written.
class ChildPipeClosed final : public Error {
 public:
  using Error::Error;
  FailureKind kind() const noexcept override { return FailureKind::unavailable; }
};

/// The program's end of a child: what it can be told. A small handle; copies stand for the same
/// child. A transport may outlive the child and the Reactor; its calls do nothing then, except
/// where it is said.
class ProcessTransport {
 public:
  /// The child's process id. The number stays after the child's end, when another process may get
  /// it.
  pid_t pid() const;
  /// How the child ended. Empty until the loop has seen its end.
  const std::optional<ExitStatus>& status() const;

  /// Writes to the pipe at the child's descriptor `childFd`, or to its pseudo-terminal if that is
  /// 0, 1 or 2. Never blocks, and never raises SIGPIPE. Returns how many bytes wait for the child
  /// to read after this call: what the pipe (64 KiB) does not take is kept, in order, until the
  /// child reads it. There is no limit but memory: a gigabyte for a child that never reads stays
  /// here until the pipe or the Reactor ends. To write no faster than the child reads, wait for
  /// whenBelow(). A large string is not copied if it is given away. Bytes for a pipe that has
  /// closed are dropped. Throws std::invalid_argument when the child has no pipe to read from at
  /// this number.
  std::size_t writeToChild(int childFd, std::string bytes) const;
  /// Writes to the child's descriptor 0.
  std::size_t write(std::string bytes) const { return writeToChild(0, std::move(bytes)); }
  std::size_t writeSequence(std::vector<std::string> parts) const;
  /// How many bytes wait to be written to the child's descriptor; 0 when it has closed.
  std::size_t pendingBytes(int childFd = 0) const;
  /// Fires when fewer than `bytes` bytes wait to be written to the child's descriptor: at once if
  /// so already, otherwise from the loop. Fails with ChildPipeClosed when the pipe has closed or
  /// closes first. Throws as writeToChild().
  Deferred<void> whenBelow(int childFd, std::size_t bytes) const;

  /// Closes the pipe at the child's descriptor. childConnectionLost() follows from the loop. A pipe
  /// to the child closes when all that waits has been written, so not before the child reads or
  /// ends. A pipe from the child closes at once: what is in it is lost, and the child gets SIGPIPE
  /// when it writes. Does nothing for another number. With a pty, 0 stands for writing, 1 for
  /// reading; the terminal hangs up when both are closed.
  void closeChildFD(int childFd) const;
  void closeStdin() const { closeChildFD(0); }
  void closeStdout() const { closeChildFD(1); }
  void closeStderr() const { closeChildFD(2); }
  /// closeChildFD() for every descriptor. Does not end the child; most programs end at the end of
  /// their input. After loseConnection() processEnded() no longer waits for a grandchild that holds
  /// the child's pipes.
  void loseConnection() const;

  /// No data is delivered from the call of pauseProducing() until resumeProducing(): the pipes
  /// fill, and the child waits. The end of its pipes is not seen meanwhile; its exit is.
  void pauseProducing() const;
  void resumeProducing() const;

  /// Sends a signal: its number, or its name with or without "SIG", such as "TERM". Never reaches
  /// another process that has got the child's number. Throws ProcessExitedAlready when the child
  /// has been reaped, std::invalid_argument for a name or number that is no signal,
  /// std::system_error when the system refuses the signal (EPERM: the child runs as another user).
  void signalProcess(std::string_view name) const;
  void signalProcess(int signal) const;

  /// Gives the child's pseudo-terminal another size; its foreground processes get SIGWINCH. Throws
  /// std::logic_error when the child has none.
  void setWindowSize(const Pty& size) const;

  /// Private to the library.
  explicit ProcessTransport(std::shared_ptr<detail::ChildConnection> connection)
      : connection_(std::move(connection)) {}

 private:
  std::shared_ptr<detail::ChildConnection> connection_;
};

/// What a program does about one child. Derive from it, and override what is of interest. An
/// override of makeConnection, childDataReceived or childConnectionLost should call the base's.
class ProcessProtocol {
 public:
  ProcessProtocol() = default;
  ProcessProtocol(const ProcessProtocol&) = delete;
  ProcessProtocol& operator=(const ProcessProtocol&) = delete;
  virtual ~ProcessProtocol() = default;

  /// Keeps the transport and calls connectionMade().
  virtual void makeConnection(ProcessTransport transport);
  /// The child runs. What it is to read first may be written now.
  virtual void connectionMade() {}

  /// The child has written to its descriptor. `bytes` are borrowed for the call: at most 64 KiB,
  /// cut anywhere. Calls outReceived() for 1 and errReceived() for 2.
  virtual void childDataReceived(int childFd, std::string_view bytes);
  virtual void outReceived(std::string_view bytes) { static_cast<void>(bytes); }
  virtual void errReceived(std::string_view bytes) { static_cast<void>(bytes); }

  /// The pipe at the child's descriptor has closed, at either end. Comes once for each pipe. Calls
  /// inConnectionLost() for 0, outConnectionLost() for 1, errConnectionLost() for 2.
  virtual void childConnectionLost(int childFd);
  virtual void inConnectionLost() {}
  virtual void outConnectionLost() {}
  virtual void errConnectionLost() {}

  /// The child has ended. Its last output may still be to come: if the child has left a process
  /// that holds its pipes, for as long as that process lives. `reason` is a ProcessDone or a
  /// ProcessTerminated.
  virtual void processExited(const Failure& reason) { static_cast<void>(reason); }
  /// The child has ended, and all its pipes have closed. The last call; `reason` as before.
  virtual void processEnded(const Failure& reason) { static_cast<void>(reason); }

 protected:
  /// REQUIRES: makeConnection() has been called (std::logic_error).
  const ProcessTransport& transport() const;

 private:
  std::optional<ProcessTransport> transport_;
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
