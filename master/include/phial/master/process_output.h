// Runs a program to its end and collects what it says. After twisted.internet.utils.
//
//   phial::getProcessOutput(reactor, "git", {"rev-parse", "HEAD"})
//       .addCallback([](const std::string& commit) { ... });
//
// Each function returns a Deferred that fires from the loop when the program has ended and its
// pipes have closed. If the program leaves a process behind that holds its output open, this takes
// as long as that process lives, as in Twisted; RunOptions::processGroup ends such a process.
//
// Failures: SpawnError when the program cannot be started, which is a failure too and never thrown;
// ProcessTerminated when a signal has ended the program, or its status is unknown;
// OutputTooLarge. Cancelling sends SIGKILL to the program and fails the Deferred at once.
//
// In a co_await expression g++ 12 takes no braced list for `args`: name the vector first.
//
// Thread rule: the Reactor's thread.
#pragma once

#include <phial/master/deferred.h>
#include <phial/master/held.h>
#include <phial/master/process.h>
#include <phial/master/reactor.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// What getProcessOutput does about what the program writes to its stderr.
enum class ErrorOutput {
  fails,       ///< any fails the Deferred with UnexpectedErrorOutput
  isIncluded,  ///< it is a part of the output, in the order of its arrival
};

/// How the functions below run a program. Fields stand in the order in which a designated
/// initializer must name them.
struct RunOptions {
  /// Default: the spawner's.
  Held<Environment> environment = {};
  /// Default: the spawner's.
  Held<std::string> directory = {};
  /// As SpawnOptions::uid and gid.
  std::optional<uid_t> uid = std::nullopt;
  std::optional<gid_t> gid = std::nullopt;
  /// What the program reads at its descriptor 0, before the end. Default: nothing.
  Held<std::string> input = {};
  /// For getProcessOutput.
  ErrorOutput errorOutput = ErrorOutput::fails;
  /// The most bytes of output, stderr included. When the program writes more, it gets SIGKILL and
  /// the Deferred fails with OutputTooLarge. Default 64 MiB.
  std::size_t mostOutputBytes = std::size_t{64} << 20;
  /// With ProcessGroup::ownKilledAtExit what the program has started ends with it.
  ProcessGroup processGroup = ProcessGroup::spawners;
};

/// What a program that has exited by itself has left.
struct ProcessOutput {
  std::string out;
  std::string err;
  int exitCode = 0;  ///< from 0 to 255
};

/// The program has written to its stderr. describe() shows the text.
class UnexpectedErrorOutput final : public Error {
 public:
  explicit UnexpectedErrorOutput(std::string text);
  std::string describe() const override;
  /// All that the program has written to its stderr.
  const std::string& text() const { return *text_; }

 private:
  std::shared_ptr<const std::string> text_;
};

/// The program has written more than RunOptions::mostOutputBytes.
class OutputTooLarge final : public Error {
 public:
  using Error::Error;
  FailureKind kind() const noexcept override { return FailureKind::refused; }
};

/// Returns what the program writes to its stdout, whatever its exit status.
Deferred<std::string> getProcessOutput(Reactor& reactor, std::string program,
                                       std::vector<std::string> args = {},
                                       const RunOptions& options = {});

/// Returns the program's exit status, from 0 to 255. What it writes goes to /dev/null, so nothing
/// that it leaves behind delays the result.
Deferred<int> getProcessValue(Reactor& reactor, std::string program,
                              std::vector<std::string> args = {}, const RunOptions& options = {});

/// Returns both outputs and the exit status.
Deferred<ProcessOutput> getProcessOutputAndValue(Reactor& reactor, std::string program,
                                                 std::vector<std::string> args = {},
                                                 const RunOptions& options = {});

}  // namespace phial::inline v1

#pragma GCC visibility pop
