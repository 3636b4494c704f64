// Ports that listen: TCP, TLS and Unix sockets. After Twisted's listenTCP, listenSSL and
// listenUNIX.
//
// A Port accepts connections while it lives. Each connection gets the protocol that the factory
// builds for it, and goes on when the Port has ended. When the system has no descriptor for a
// connection, the Port accepts nothing for 100 ms and reports the shortage once to the Reactor's
// onCallbackError; clients wait in the backlog meanwhile.
//
// Thread rule: the reactor's thread. Fork: in a forked child a Port and its connections do nothing;
// the socket's file stays the parent's.
#pragma once

#include <phial/master/clock.h>
#include <phial/master/deferred.h>
#include <phial/net/address.h>
#include <phial/net/protocol.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

class Reactor;
class TlsContext;

namespace detail {
class Listener;
}

struct ListenOptions {
  /// The IP address to listen at, as digits. Default: every IPv4 address of the machine. "::" is
  /// every address, IPv4 included where the system allows it.
  std::string interface = {};
  /// Connections that the kernel keeps before they are accepted; it may lower the number.
  int backlog = 128;
  /// TLS alone: how long a client may take for the handshake, in place of which it is dropped.
  Duration handshakeTimeout = std::chrono::seconds(30);
};

struct ListenUnixOptions {
  /// The permissions of the socket's file, whatever the umask. Default: the owner alone. Twisted's
  /// default is 0666.
  mode_t mode = 0600;
  int backlog = 128;
};

class [[nodiscard]] Port {
 public:
  /// Listens to nothing.
  Port() = default;
  explicit Port(std::shared_ptr<detail::Listener> listener) : listener_(std::move(listener)) {}
  Port(Port&&) noexcept = default;
  Port& operator=(Port&& other) noexcept;
  /// As stopListening(), also inside a callback of the port's own factory or protocols.
  ~Port();

  /// Closes the socket and removes its file. No further protocol is built; the connections that are
  /// there go on. The Deferred has already succeeded. Harmless a second time.
  Deferred<void> stopListening();
  /// True until stopListening() or the end of the Reactor.
  bool listening() const;
  /// The address; the port is the one that the system chose when 0 was asked for. Empty for a Port
  /// that never listened.
  Address getHost() const;
  /// Accepts nothing until resumeProducing(): clients wait in the backlog.
  void pauseProducing();
  void resumeProducing();

 private:
  std::shared_ptr<detail::Listener> listener_;
};

/// Listens at a TCP port; 0 lets the system choose one. Throws CannotListen,
/// std::invalid_argument when `factory` is null, std::logic_error on another thread.
Port listenTCP(Reactor& reactor, std::uint16_t port, std::shared_ptr<Factory> factory,
               const ListenOptions& options = {});
/// As listenTCP, with TLS. REQUIRES: a context for servers (std::invalid_argument).
Port listenSSL(Reactor& reactor, std::uint16_t port, std::shared_ptr<Factory> factory,
               const TlsContext& context, const ListenOptions& options = {});
/// Listens at a Unix socket. If a socket lies at `path` and nobody listens there, it is replaced.
/// If somebody listens, or something else lies there, throws CannotListen and leaves it alone. Two
/// programs that start in the same instant may both find the old socket dead: the later one then
/// takes the path. A path whose first byte is NUL is an abstract name, without a file.
Port listenUNIX(Reactor& reactor, const std::string& path, std::shared_ptr<Factory> factory,
                const ListenUnixOptions& options = {});

}  // namespace phial::inline v1

#pragma GCC visibility pop
