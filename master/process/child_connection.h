// Between a child and its ProcessProtocol: one reader or writer for each pipe, the process, and the
// order of the calls.
//
// Invariants
// 1. The protocol hears of each pipe's end once, of the exit once, and of the end once, last, when
//    the other two are over.
// 2. Each call of the protocol is a call from the loop of its own, made when the bookkeeping is
//    done: it may throw, or call back in, or drop the last pointer to the protocol.
// 3. The Reactor's ChildReaper keeps the connection, and the connection the protocol, until
//    processEnded has returned or the Reactor ends. Nothing else keeps the connection but
//    transports, so that the ring between a protocol and its transport opens by itself.
//
// Thread rule: the Reactor's thread.
#pragma once

#include <phial/master/process_protocol.h>
#include <phial/protocol/fork_mark.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "master/process/child_reader.h"
#include "master/process/child_reaper.h"
#include "master/process/child_writer.h"

namespace phial::inline v1::detail {

class ChildConnection final : public EndsWithLoop,
                              public std::enable_shared_from_this<ChildConnection> {
 public:
  /// `reactor` and `keeper` are borrowed, until end().
  ChildConnection(Reactor& reactor, ChildReaper& keeper, std::shared_ptr<ProcessProtocol> protocol,
                  Process process);

  /// Begins to read and to watch. Throws Error when the system refuses; then the connection is not
  /// to be kept. REQUIRES: called once.
  void open(const ProcessSpawnOptions& options);
  /// The Reactor ends: kills the child, closes all, forgets the protocol.
  void end() override;

  // As the members of ProcessTransport.
  pid_t pid() const { return pid_; }
  const std::optional<ExitStatus>& status() const { return status_; }
  std::size_t write(int childFd, std::string bytes);
  std::size_t pendingBytes(int childFd) const;
  Deferred<void> whenBelow(int childFd, std::size_t bytes);
  void close(int childFd);
  void closeAll();
  void pause();
  void resume();
  void signal(int signal);
  void resizeTerminal(const Pty& size);

 private:
  void read(int childFd, kj::AutoCloseFd fd);
  void writeTo(int childFd, kj::AutoCloseFd fd, ChildWriter::Hangup hangup);
  void openTerminal();
  /// The number under which a writer stands: a terminal has one for three descriptors.
  int writerAt(int childFd) const { return hasTerminal_ && childFd <= 2 ? 0 : childFd; }
  ChildWriter* openWriter(int childFd) const;
  void requireWritable(int childFd) const;
  void lost(int childFd);
  void exited(const ExitStatus& status);
  void endIfOver();
  Failure reason() const;

  const ForkMark mark_;
  Reactor& reactor_;
  ChildReaper& keeper_;
  std::shared_ptr<ProcessProtocol> protocol_;  // null: it has heard all, or the Reactor has ended
  std::optional<Process> process_;             // until then too
  const pid_t pid_;
  std::optional<ExitStatus> status_;
  bool hasTerminal_ = false;
  bool ending_ = false;
  std::map<int, std::shared_ptr<ChildReader>> readers_;
  std::map<int, std::shared_ptr<ChildWriter>> writers_;
  std::set<int> everWritable_;
};

}  // namespace phial::inline v1::detail
