#include "master/process/child_connection.h"

#include <fcntl.h>
#include <phial/protocol/descriptor.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <variant>

#include "master/process/pseudo_terminal.h"
#include "master/reactor/file_descriptor.h"

namespace phial::inline v1::detail {
namespace {

// What arrives from a terminal counts as the child's output.
constexpr int kTerminalOutput = STDOUT_FILENO;
constexpr int kTerminalInput = STDIN_FILENO;

}  // namespace

ChildConnection::ChildConnection(Reactor& reactor, ChildReaper& keeper,
                                 std::shared_ptr<ProcessProtocol> protocol, Process process)
    : reactor_(reactor),
      keeper_(keeper),
      protocol_(std::move(protocol)),
      process_(std::move(process)),
      pid_(process_->pid()) {}

void ChildConnection::open(const ProcessSpawnOptions& options) {
  if (options.pty) openTerminal();
  for (const auto& [childFd, descriptor] : options.childFds) {
    if (hasTerminal_ && childFd <= STDERR_FILENO) continue;
    if (std::holds_alternative<PipeFromChild>(descriptor)) {
      read(childFd, process_->takePipe(childFd));
    } else if (std::holds_alternative<PipeToChild>(descriptor)) {
      writeTo(childFd, process_->takePipe(childFd), ChildWriter::Hangup::isWatched);
    }
  }
  process_->onExit([this](const ExitStatus& status) { exited(status); });
}

// Two descriptors for one terminal: each side owns, watches and closes its own.
void ChildConnection::openTerminal() {
  hasTerminal_ = true;
  auto terminal = process_->takePipe(STDIN_FILENO);
  auto forWriting = checkedFd(::fcntl(terminal, F_DUPFD_CLOEXEC, kFirstOwnFd), "fcntl");
  read(kTerminalOutput, kj::mv(terminal));
  writeTo(kTerminalInput, kj::mv(forWriting), ChildWriter::Hangup::isSeenElsewhere);
}

void ChildConnection::read(int childFd, kj::AutoCloseFd fd) {
  auto reader = std::make_shared<ChildReader>(
      reactor_, kj::mv(fd),
      ChildReader::Callbacks{.onData =
                                 [this, childFd](std::string_view bytes) {
                                   const auto self = shared_from_this();
                                   const auto protocol = protocol_;
                                   if (protocol) protocol->childDataReceived(childFd, bytes);
                                 },
                             .onLost =
                                 [weak = weak_from_this(), childFd] {
                                   if (const auto self = weak.lock()) self->lost(childFd);
                                 }});
  reader->resume();
  readers_.emplace(childFd, std::move(reader));
}

void ChildConnection::writeTo(int childFd, kj::AutoCloseFd fd, ChildWriter::Hangup hangup) {
  auto writer =
      std::make_shared<ChildWriter>(reactor_, kj::mv(fd), [weak = weak_from_this(), childFd] {
        if (const auto self = weak.lock()) self->lost(childFd);
      });
  writer->watch(hangup);
  writers_.emplace(childFd, std::move(writer));
  everWritable_.insert(childFd);
}

// Its protocol may be what holds the last transport, and so this connection.
void ChildConnection::lost(int childFd) {
  if (!protocol_) return;
  const auto protocol = protocol_;
  readers_.erase(childFd);
  writers_.erase(childFd);
  if (hasTerminal_ && childFd == kTerminalOutput && status_) {
    // Nobody is left to read what waits.
    if (auto* const writer = openWriter(kTerminalInput)) writer->lose();
  }
  endIfOver();
  protocol->childConnectionLost(childFd);
}

void ChildConnection::exited(const ExitStatus& status) {
  const auto self = shared_from_this();
  const auto protocol = protocol_;
  status_ = status;
  if (hasTerminal_ && !readers_.contains(kTerminalOutput)) {
    if (auto* const writer = openWriter(kTerminalInput)) writer->lose();
  }
  endIfOver();
  if (protocol) protocol->processExited(reason());
}

// In a call of its own: whatever the protocol throws before, it hears the end.
void ChildConnection::endIfOver() {
  if (!status_ || !readers_.empty() || !writers_.empty() || std::exchange(ending_, true)) return;
  reactor_.callSoon([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    const auto protocol = std::move(self->protocol_);
    self->process_.reset();  // a transport may keep this longer than the Reactor lives
    self->keeper_.release(*self);
    if (protocol) protocol->processEnded(self->reason());
  });
}

void ChildConnection::end() {
  const auto protocol = std::move(protocol_);
  for (auto& [childFd, reader] : readers_) reader->abandon();
  for (auto& [childFd, writer] : writers_) writer->abandon();
  readers_.clear();
  writers_.clear();
  process_.reset();
}

Failure ChildConnection::reason() const {
  if (*status_ == ExitStatus(Exited{0})) return Failure(ProcessDone());
  return Failure(ProcessTerminated(*status_));
}

ChildWriter* ChildConnection::openWriter(int childFd) const {
  const auto found = writers_.find(writerAt(childFd));
  return found == writers_.end() ? nullptr : found->second.get();
}

void ChildConnection::requireWritable(int childFd) const {
  if (everWritable_.contains(writerAt(childFd))) return;
  throw std::invalid_argument(
      "ProcessTransport: the child has no pipe to read from at descriptor " +
      std::to_string(childFd));
}

std::size_t ChildConnection::write(int childFd, std::string bytes) {
  requireWritable(childFd);
  auto* const writer = openWriter(childFd);
  return writer != nullptr && !mark_.inherited() ? writer->write(std::move(bytes)) : 0;
}

std::size_t ChildConnection::pendingBytes(int childFd) const {
  const auto* const writer = openWriter(childFd);
  return writer != nullptr ? writer->pendingBytes() : 0;
}

Deferred<void> ChildConnection::whenBelow(int childFd, std::size_t bytes) {
  requireWritable(childFd);
  auto* const writer = openWriter(childFd);
  if (writer != nullptr && !mark_.inherited()) return writer->whenBelow(bytes);
  return fail<void>(Failure(ChildPipeClosed("the pipe to the child has closed")));
}

void ChildConnection::close(int childFd) {
  if (mark_.inherited()) return;
  if (const auto reader = readers_.find(childFd); reader != readers_.end()) {
    reader->second->lose();
  } else if (const auto writer = writers_.find(childFd); writer != writers_.end()) {
    writer->second->closeWhenWritten();
  }
}

void ChildConnection::closeAll() {
  if (mark_.inherited()) return;
  for (auto& [childFd, reader] : readers_) reader->lose();
  for (auto& [childFd, writer] : writers_) writer->closeWhenWritten();
}

void ChildConnection::pause() {
  if (mark_.inherited()) return;
  for (auto& [childFd, reader] : readers_) reader->pause();
}

void ChildConnection::resume() {
  if (mark_.inherited()) return;
  for (auto& [childFd, reader] : readers_) reader->resume();
}

void ChildConnection::signal(int signal) {
  if (signal < 1 || signal > SIGRTMAX) {
    throw std::invalid_argument("ProcessTransport: " + std::to_string(signal) + " is no signal");
  }
  if (mark_.inherited()) return;
  if (!process_ || status_) throw ProcessExitedAlready();
  if (process_->kill(signal)) return;
  if (errno == ESRCH) throw ProcessExitedAlready();
  throw std::system_error(errno, std::generic_category(), "cannot signal the process");
}

void ChildConnection::resizeTerminal(const Pty& size) {
  if (!hasTerminal_) throw std::logic_error("ProcessTransport: the child has no pseudo-terminal");
  const auto reader = readers_.find(kTerminalOutput);
  if (reader == readers_.end() || mark_.inherited()) return;
  detail::resizeTerminal(reader->second->fd(), size);
}

}  // namespace phial::inline v1::detail
