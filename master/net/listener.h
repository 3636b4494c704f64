// What stands behind a Port: a listening socket, and the handshakes of clients that are on their
// way.
//
// Thread rule: the reactor's thread. Life: the Port holds it; its watch and its handshakes reach it
// by weak references.
#pragma once

#include <phial/master/reactor.h>
#include <phial/net/port.h>
#include <phial/net/tls_context.h>

#include <memory>
#include <optional>
#include <unordered_set>

#include "master/net/reactor_hold.h"
#include "master/net/stream.h"
#include "master/net/unix_path.h"

namespace phial::inline v1::detail {

class Handshake;

class Listener final : public HeldByReactor, public std::enable_shared_from_this<Listener> {
 public:
  struct Tls {
    TlsContext context;
    Duration timeout;
  };

  /// Takes over a socket that listens. `file` is that of a Unix socket, otherwise null.
  Listener(Reactor& reactor, kj::AutoCloseFd socket, std::unique_ptr<UnixPath> file,
           std::shared_ptr<Factory> factory, std::optional<Tls> tls);
  ~Listener() noexcept override;

  void start();
  void stop();
  bool listening() const { return socket_.get() >= 0; }
  const Address& host() const { return host_; }
  void pause();
  void resume();
  void reactorEnded() noexcept override;

 private:
  void watch();
  void onReadable();
  bool acceptOne();
  void acceptFailed(int code);
  void welcome(kj::AutoCloseFd socket);
  void shakeHands(std::unique_ptr<Stream> stream);
  void serve(std::unique_ptr<Stream> stream);
  void close();

  Reactor& reactor_;
  kj::AutoCloseFd socket_;
  std::unique_ptr<UnixPath> file_;
  std::shared_ptr<Factory> factory_;
  const std::optional<Tls> tls_;
  const Address host_;
  Watch watch_;
  bool paused_ = false;
  bool shortageTold_ = false;
  DelayedCall afterShortage_;
  std::unordered_set<std::shared_ptr<Handshake>> handshakes_;
  ReactorHold hold_;
};

}  // namespace phial::inline v1::detail
