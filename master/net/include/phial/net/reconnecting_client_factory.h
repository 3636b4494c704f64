// A ClientFactory that connects again, later and later. After Twisted's ReconnectingClientFactory.
//
// The pause before an attempt is the one before it times `factor`, at most `maxDelay`, scattered by
// `jitter` so that many clients of one server do not return in the same instant. A connection that
// is made resets the pause to `initialDelay`. In Twisted the program calls resetDelay() itself.
//
// Thread rule: the reactor's thread.
#pragma once

#include <phial/master/clock.h>
#include <phial/net/connector.h>
#include <phial/net/protocol.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <random>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

struct ReconnectOptions {
  Duration initialDelay = std::chrono::seconds(1);
  Duration maxDelay = std::chrono::hours(1);
  /// Euler's number, as Twisted's. The first pause is `initialDelay` times this.
  double factor = 2.718281828459045;
  /// The standard deviation of a pause, as a part of it. 0: none.
  double jitter = 0.119626565582;
  /// Attempts in a row after the first one. Default: without end.
  std::optional<std::size_t> maxRetries = std::nullopt;
};

/// A program derives from it and implements buildProtocol(). If it overrides one of the functions
/// below, it calls the one of this class.
class ReconnectingClientFactory : public ClientFactory {
 public:
  /// `clock`, such as the Reactor, is borrowed. Throws std::invalid_argument when a pause is
  /// negative, `factor` below 1 or `jitter` negative.
  explicit ReconnectingClientFactory(Clock& clock, const ReconnectOptions& options = {});
  /// Cancels an attempt that is planned.
  ~ReconnectingClientFactory() override;
  ReconnectingClientFactory(const ReconnectingClientFactory&) = delete;
  ReconnectingClientFactory& operator=(const ReconnectingClientFactory&) = delete;

  void startedConnecting(const Connector& connector) override;
  void clientConnectionMade(const Connector& connector) override;
  void clientConnectionFailed(const Connector& connector, const Failure& reason) override;
  void clientConnectionLost(const Connector& connector, const Failure& reason) override;

  /// Has `connector` connect after the next pause, unless stopTrying() was called or maxRetries has
  /// been reached.
  void retry(const Connector& connector);
  /// Makes no further attempt: an attempt that is planned is dropped, one under way is given up. A
  /// connection goes on.
  void stopTrying();
  /// The next pause is the first one again, attempts count from 0, and stopTrying() is lifted.
  void resetDelay();

  /// The latest pause; initialDelay when there was none.
  Duration delay() const { return delay_; }
  /// The attempts in a row after the first one.
  std::size_t retries() const { return retries_; }

 private:
  Clock& clock_;
  const ReconnectOptions options_;
  Duration delay_;
  std::size_t retries_ = 0;
  bool trying_ = true;
  DelayedCall planned_;
  std::weak_ptr<detail::Connecting> connecting_;  // the latest: it owns this, not the reverse
  std::mt19937_64 random_{std::random_device()()};
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
