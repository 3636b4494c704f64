// Completes a stream's handshake in the loop, within a time.
//
// Thread rule: the reactor's thread. Life: the Reactor owns it from begin() to the end of the
// handshake or cancel().
#pragma once

#include <phial/master/reactor.h>

#include <functional>
#include <memory>

#include "master/net/reactor_hold.h"
#include "master/net/stream.h"

namespace phial::inline v1::detail {

class Handshake final : public HeldByReactor, public std::enable_shared_from_this<Handshake> {
 public:
  /// Called once, from the loop: with the stream, or with null and the reason.
  using Done = std::function<void(std::unique_ptr<Stream>, const Failure*)>;

  Handshake(Reactor& reactor, std::unique_ptr<Stream> stream, Done done)
      : reactor_(reactor), stream_(std::move(stream)), done_(std::move(done)) {}

  /// If the handshake takes longer than `timeout`, it fails with TimeoutError.
  void begin(Duration timeout);
  /// Closes the stream, and calls nothing.
  void cancel();
  void reactorEnded() noexcept override;

 private:
  void step();
  void finish(const Failure* failure);

  Reactor& reactor_;
  std::unique_ptr<Stream> stream_;
  Done done_;
  Watch watch_;
  DelayedCall timer_;
  ReactorHold hold_;
};

}  // namespace phial::inline v1::detail
