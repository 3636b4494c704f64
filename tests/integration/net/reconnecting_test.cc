// ReconnectingClientFactory on a clock that the test moves.
#include "net_fixture.h"

namespace phial {
namespace {

using namespace std::chrono_literals;

class Persistent final : public ReconnectingClientFactory {
 public:
  using ReconnectingClientFactory::ReconnectingClientFactory;
  std::shared_ptr<Protocol> buildProtocol(const Address&) override {
    ++built;
    return std::make_shared<NetRecorder>(story);
  }
  void clientConnectionFailed(const Connector& connector, const Failure& reason) override {
    ++failed;
    ReconnectingClientFactory::clientConnectionFailed(connector, reason);
  }
  std::shared_ptr<NetStory> story = std::make_shared<NetStory>();
  int built = 0;
  int failed = 0;
};

class ReconnectingTest : public NetTest {
 protected:
  std::shared_ptr<Persistent> factoryWith(const ReconnectOptions& options) {
    return std::make_shared<Persistent>(clock_, options);
  }
  std::uint16_t refusingPort() {
    Port port = listen(server_);
    const auto number = port.getHost().port;
    port.stopListening();
    return number;
  }
  void runUntilFailed(Persistent& factory, int times) {
    runUntil([&] { return factory.failed == times; });
  }
  ManualClock clock_;
};

TEST_F(ReconnectingTest, PausesGrowByTheFactorUpToTheLimit) {
  const auto factory = factoryWith({.maxDelay = 10s, .factor = 2, .jitter = 0});
  connectTCP(reactor_, "127.0.0.1", refusingPort(), factory);
  int failed = 0;
  for (const auto pause : {2s, 4s, 8s, 10s, 10s}) {
    runUntilFailed(*factory, ++failed);
    EXPECT_EQ(factory->delay(), pause);
    clock_.advance(pause - 1ns);
    EXPECT_EQ(clock_.pending(), 1U) << "not before its time";
    clock_.advance(1ns);
    EXPECT_EQ(clock_.pending(), 0U);
  }
  runUntilFailed(*factory, ++failed);
  EXPECT_EQ(factory->retries(), 6U);
  factory->stopTrying();
}

TEST_F(ReconnectingTest, TheDefaultsAreTwisteds) {
  const ReconnectOptions options;
  EXPECT_EQ(options.initialDelay, 1s);
  EXPECT_EQ(options.maxDelay, 3600s);
  EXPECT_NEAR(options.factor, 2.718281828, 1e-9);
  EXPECT_NEAR(options.jitter, 0.119626565582, 1e-12);
  EXPECT_FALSE(options.maxRetries);
}

TEST_F(ReconnectingTest, JitterScattersAroundThePause) {
  const auto factory = factoryWith({.initialDelay = 10s, .factor = 1, .jitter = 0.1});
  connectTCP(reactor_, "127.0.0.1", refusingPort(), factory);
  runUntilFailed(*factory, 1);
  EXPECT_NE(factory->delay(), 10s);
  EXPECT_GE(factory->delay(), 5s);
  EXPECT_LE(factory->delay(), 20s);
}

TEST_F(ReconnectingTest, AConnectionResetsThePause) {
  const auto factory = factoryWith({.factor = 2, .jitter = 0});
  const auto number = refusingPort();
  connectTCP(reactor_, "127.0.0.1", number, factory);
  runUntilFailed(*factory, 1);
  clock_.advance(2s);
  runUntilFailed(*factory, 2);
  const Port port = listenTCP(reactor_, number, serverOf(server_), loopback());
  clock_.advance(4s);
  runUntil([&] { return factory->built == 1 && factory->retries() == 0; });
  EXPECT_EQ(factory->delay(), 1s);
}

TEST_F(ReconnectingTest, ALostConnectionIsMadeAgain) {
  server_->onMade = [](Transport& t) { t.loseConnection(); };
  const Port port = listen(server_);
  const auto factory = factoryWith({.jitter = 0});
  connect(port, factory);
  runUntil([&] { return factory->retries() == 1; });
  clock_.advance(3s);
  runUntil([&] { return factory->built == 2; });
}

TEST_F(ReconnectingTest, GivesUpAfterMaxRetries) {
  const auto factory = factoryWith({.jitter = 0, .maxRetries = 2});
  connectTCP(reactor_, "127.0.0.1", refusingPort(), factory);
  runUntilFailed(*factory, 1);
  clock_.advance(1h);
  runUntilFailed(*factory, 2);
  clock_.advance(1h);
  runUntilFailed(*factory, 3);
  EXPECT_EQ(clock_.pending(), 0U);
}

TEST_F(ReconnectingTest, StopTryingDropsWhatIsPlannedOrUnderWay) {
  const auto planned = factoryWith({});
  const auto number = refusingPort();
  connectTCP(reactor_, "127.0.0.1", number, planned);
  runUntilFailed(*planned, 1);
  planned->stopTrying();
  EXPECT_EQ(clock_.pending(), 0U);
  EXPECT_EQ(planned.use_count(), 1) << "nothing keeps it";

  const auto underWay = factoryWith({});
  connectTCP(reactor_, "127.0.0.1", number, underWay);
  underWay->stopTrying();
  runUntilFailed(*underWay, 1);
  EXPECT_EQ(clock_.pending(), 0U);
}

TEST_F(ReconnectingTest, RefusesWhatCannotBeMeant) {
  EXPECT_THROW(factoryWith({.initialDelay = -1s}), std::invalid_argument);
  EXPECT_THROW(factoryWith({.factor = 0.5}), std::invalid_argument);
  EXPECT_THROW(factoryWith({.jitter = -1}), std::invalid_argument);
}

}  // namespace
}  // namespace phial
