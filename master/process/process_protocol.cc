#include <phial/master/process_protocol.h>

#include <csignal>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "master/process/child_connection.h"

namespace phial::inline v1 {
namespace {

constexpr std::string_view kSignalPrefix = "SIG";

int signalNamed(std::string_view name) {
  const auto plain = name.starts_with(kSignalPrefix) ? name.substr(kSignalPrefix.size()) : name;
  for (int signal = 1; signal < NSIG; ++signal) {
    const char* const known = sigabbrev_np(signal);
    if (known != nullptr && plain == known) return signal;
  }
  throw std::invalid_argument("ProcessTransport: \"" + std::string(name) + "\" is no signal");
}

}  // namespace

ProcessExit::ProcessExit(const ExitStatus& status)
    : Error("the process " + phial::describe(status)), status_(status) {}

std::optional<int> ProcessExit::exitCode() const {
  const auto* const exited = std::get_if<Exited>(&status_);
  return exited != nullptr ? std::optional(exited->code) : std::nullopt;
}

std::optional<int> ProcessExit::signal() const {
  const auto* const signalled = std::get_if<Signalled>(&status_);
  return signalled != nullptr ? std::optional(signalled->signal) : std::nullopt;
}

pid_t ProcessTransport::pid() const { return connection_->pid(); }
const std::optional<ExitStatus>& ProcessTransport::status() const { return connection_->status(); }

std::size_t ProcessTransport::writeToChild(int childFd, std::string bytes) const {
  return connection_->write(childFd, std::move(bytes));
}

std::size_t ProcessTransport::writeSequence(std::vector<std::string> parts) const {
  for (auto& part : parts) write(std::move(part));
  return pendingBytes();
}

std::size_t ProcessTransport::pendingBytes(int childFd) const {
  return connection_->pendingBytes(childFd);
}

Deferred<void> ProcessTransport::whenBelow(int childFd, std::size_t bytes) const {
  return connection_->whenBelow(childFd, bytes);
}

void ProcessTransport::closeChildFD(int childFd) const { connection_->close(childFd); }
void ProcessTransport::loseConnection() const { connection_->closeAll(); }
void ProcessTransport::pauseProducing() const { connection_->pause(); }
void ProcessTransport::resumeProducing() const { connection_->resume(); }
void ProcessTransport::signalProcess(int signal) const { connection_->signal(signal); }
void ProcessTransport::signalProcess(std::string_view name) const {
  connection_->signal(signalNamed(name));
}
void ProcessTransport::setWindowSize(const Pty& size) const { connection_->resizeTerminal(size); }

void ProcessProtocol::makeConnection(ProcessTransport transport) {
  transport_ = std::move(transport);
  connectionMade();
}

void ProcessProtocol::childDataReceived(int childFd, std::string_view bytes) {
  if (childFd == 1) outReceived(bytes);
  if (childFd == 2) errReceived(bytes);
}

void ProcessProtocol::childConnectionLost(int childFd) {
  if (childFd == 0) inConnectionLost();
  if (childFd == 1) outConnectionLost();
  if (childFd == 2) errConnectionLost();
}

const ProcessTransport& ProcessProtocol::transport() const {
  if (transport_) return *transport_;
  throw std::logic_error("ProcessProtocol::transport: no process has been spawned with it");
}

}  // namespace phial::inline v1
