// Signals as events of the loop, for a program that owns its process.
//
// The signals are blocked for as long as this lives and read from a signalfd(2); no handler is
// installed. Workers are not concerned: a spawned child begins with nothing blocked.
#pragma once

#include <kj/io.h>
#include <phial/master/reactor.h>

#include <csignal>
#include <functional>
#include <initializer_list>

namespace phial::inline v1::cli {

class SignalWatch {
 public:
  /// Calls `f` in the loop for each of `signals`. Throws Error when the system refuses.
  SignalWatch(Reactor& reactor, std::initializer_list<int> signals, std::function<void()> f);
  /// Restores what was blocked before; a signal that is pending then takes its usual effect.
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  void take();

  std::function<void()> f_;
  sigset_t before_{};
  kj::AutoCloseFd fd_;
  Watch watch_;
};

}  // namespace phial::inline v1::cli
