#include <phial/net/reconnecting_client_factory.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "master/net/connecting.h"

namespace phial::inline v1 {
namespace {

// A number of nanoseconds that a double holds.
constexpr Duration kLongestPause = std::chrono::hours(24 * 365);

const ReconnectOptions& checked(const ReconnectOptions& options) {
  if (options.initialDelay < Duration::zero() || options.maxDelay < Duration::zero()) {
    throw std::invalid_argument("ReconnectOptions: a pause is negative");
  }
  if (!(options.factor >= 1)) throw std::invalid_argument("ReconnectOptions: factor is below 1");
  if (!(options.jitter >= 0)) throw std::invalid_argument("ReconnectOptions: jitter is negative");
  return options;
}

}  // namespace

ReconnectingClientFactory::ReconnectingClientFactory(Clock& clock, const ReconnectOptions& options)
    : clock_(clock), options_(checked(options)), delay_(options.initialDelay) {}

ReconnectingClientFactory::~ReconnectingClientFactory() { planned_.cancel(); }

void ReconnectingClientFactory::startedConnecting(const Connector& connector) {
  connecting_ = connector.connecting_;
}

void ReconnectingClientFactory::clientConnectionMade(const Connector&) {
  delay_ = options_.initialDelay;
  retries_ = 0;
}

void ReconnectingClientFactory::clientConnectionFailed(const Connector& connector, const Failure&) {
  retry(connector);
}

void ReconnectingClientFactory::clientConnectionLost(const Connector& connector, const Failure&) {
  retry(connector);
}

void ReconnectingClientFactory::retry(const Connector& connector) {
  if (!trying_ || (options_.maxRetries && retries_ >= *options_.maxRetries)) return;
  ++retries_;
  const auto most = static_cast<double>(std::min(options_.maxDelay, kLongestPause).count());
  double pause = std::min(static_cast<double>(delay_.count()) * options_.factor, most);
  if (options_.jitter > 0 && pause > 0) {
    // As Twisted scatters it; but never to nothing, from which no pause would grow again.
    const double least = pause / 2;
    pause = std::normal_distribution<double>(pause, pause * options_.jitter)(random_);
    pause = std::clamp(pause, least, most);
  }
  delay_ = Duration(static_cast<Duration::rep>(pause));
  planned_.cancel();
  // The call owns the attempts, which own this.
  planned_ = clock_.callLater(delay_, [connector] { connector.connect(); });
}

void ReconnectingClientFactory::stopTrying() {
  trying_ = false;
  planned_.cancel();
  if (const auto connecting = connecting_.lock()) connecting->stopConnecting();
}

void ReconnectingClientFactory::resetDelay() {
  delay_ = options_.initialDelay;
  retries_ = 0;
  trying_ = true;
}

}  // namespace phial::inline v1
