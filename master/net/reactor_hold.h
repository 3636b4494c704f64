// Lets a Reactor own what goes on in it, so that nobody else has to.
//
// A connection, a handshake or an attempt to connect lives as long as it is under way, whoever
// drops a handle to it. Its owner is the closure of a delayed call that is never due. When the
// Reactor ends, it drops its delayed calls while its loop still stands; the object is told and lets
// go of its descriptors, watches and protocol.
//
// Thread rule: the reactor's thread.
#pragma once

#include <phial/master/clock.h>

#include <memory>

namespace phial::inline v1 {
class Reactor;
}

namespace phial::inline v1::detail {

class HeldByReactor {
 public:
  virtual ~HeldByReactor() = default;
  /// The Reactor is ending. Must not throw, nor call the program's functions.
  virtual void reactorEnded() noexcept = 0;
};

class ReactorHold {
 public:
  /// Has `reactor` own `object`.
  void begin(Reactor& reactor, std::shared_ptr<HeldByReactor> object);
  /// Gives the object up; this may destroy it. Harmless when nothing is held.
  void end();

 private:
  struct Owner;
  std::weak_ptr<Owner> owner_;
  DelayedCall call_;
};

}  // namespace phial::inline v1::detail
