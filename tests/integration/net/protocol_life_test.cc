// What a protocol may do inside its callbacks, and what the Reactor's end does to it.
#include <optional>
#include <thread>

#include "net_fixture.h"

namespace phial {
namespace {

class ProtocolLifeTest : public NetTest {};

TEST_F(ProtocolLifeTest, AThrowingCallbackClosesItsConnectionAlone) {
  auto thrower = std::make_shared<NetStory>();
  thrower->onData = [](Transport&, std::string_view) { throw std::runtime_error("bad data"); };
  const Port bad = listen(thrower);
  server_->onData = [](Transport& t, std::string_view) { t.loseConnection(); };
  const Port good = listen(server_);
  NetPeer other(good.getHost().port);
  NetPeer peer(bad.getHost().port);
  peer.send("x");
  runUntil([&] { return thrower->lost == 1 && !errors_.empty(); });
  EXPECT_TRUE(thrower->lostWith<std::runtime_error>()) << "the exception is the reason";
  EXPECT_THAT(errors_, ::testing::ElementsAre("bad data"));
  other.send("x");
  runUntil([&] { return server_->lost == 1; });
}

TEST_F(ProtocolLifeTest, ThrowingInConnectionMadeAndConnectionLostIsReported) {
  server_->onMade = [](Transport&) { throw std::runtime_error("made"); };
  server_->onLost = [](Transport&) { throw std::runtime_error("lost"); };
  const Port port = listen(server_);
  NetPeer peer(port.getHost().port);
  runUntil([&] { return errors_.size() == 2; });
  EXPECT_THAT(errors_, ::testing::ElementsAre("made", "lost"));
  EXPECT_EQ(server_->lost, 1);
}

TEST_F(ProtocolLifeTest, AFactoryThatThrowsOrRefusesClosesTheConnectionAlone) {
  int calls = 0;
  const Port port = listenTCP(reactor_, 0, Factory::of([&]() -> std::shared_ptr<Protocol> {
                                if (++calls == 1) throw std::runtime_error("no protocol");
                                if (calls == 2) return nullptr;
                                return std::make_shared<NetRecorder>(server_);
                              }),
                              loopback());
  for (int i = 0; i < 2; ++i) {
    NetPeer peer(port.getHost().port);
    runUntil([&] { return calls == i + 1; });
    char c;
    EXPECT_LE(::recv(peer.fd(), &c, 1, 0), 0);
  }
  NetPeer peer(port.getHost().port);
  runUntil([&] { return server_->made == 1; });
  EXPECT_THAT(errors_, ::testing::ElementsAre("no protocol"));
}

TEST_F(ProtocolLifeTest, DropsPortFactoryAndItselfInsideACallback) {
  std::optional<Port> port;
  std::shared_ptr<Protocol> kept;
  std::weak_ptr<Factory> factory;
  {
    auto made = Factory::of([&] { return kept = std::make_shared<NetRecorder>(server_); });
    factory = made;
    port.emplace(listenTCP(reactor_, 0, std::move(made), loopback()));
  }
  server_->onData = [&](Transport& t, std::string_view) {
    port.reset();
    kept.reset();
    EXPECT_TRUE(factory.expired());
    t.write("still here");
    t.loseConnection();
  };
  NetPeer peer(port->getHost().port);
  peer.send("x");
  runUntil([&] { return server_->lost == 1; });
  char answer[32];
  EXPECT_EQ(::recv(peer.fd(), answer, sizeof answer, 0), 10);
}

TEST_F(ProtocolLifeTest, DropsThePortInsideBuildProtocol) {
  std::optional<Port> port;
  port.emplace(listenTCP(reactor_, 0, Factory::of([&] {
                           port.reset();
                           return std::make_shared<NetRecorder>(server_);
                         }),
                         loopback()));
  NetPeer peer(port->getHost().port);
  runUntil([&] { return server_->made == 1; });
  EXPECT_FALSE(port.has_value());
}

TEST_F(ProtocolLifeTest, StopsTheLoopInsideACallbackAndGoesOnInTheNextRun) {
  server_->onData = [&](Transport&, std::string_view) { reactor_.stop(); };
  const Port port = listen(server_);
  NetPeer peer(port.getHost().port);
  peer.send("a");
  reactor_.run();
  EXPECT_EQ(server_->received, "a");
  peer.send("b");
  reactor_.run();
  EXPECT_EQ(server_->received, "ab");
}

// As with everything that is pending in a Reactor: dropped, uncalled, nothing left behind.
TEST_F(ProtocolLifeTest, TheReactorsEndDropsConnectionsUncalled) {
  const std::size_t before = openDescriptors();
  auto thread = std::thread([] {
    const auto story = std::make_shared<NetStory>();
    const auto client = std::make_shared<NetClient>();
    std::optional<Reactor> reactor(std::in_place);
    std::shared_ptr<Protocol> kept;
    const Port port = listenTCP(
        *reactor, 0, Factory::of([&] { return kept = std::make_shared<NetRecorder>(story); }),
        {.interface = "127.0.0.1"});
    const Connector connector = connectTCP(*reactor, "127.0.0.1", port.getHost().port, client);
    while (story->made + client->story->made < 2) {
      event_base_loop(reactor->base(), EVLOOP_ONCE);
    }
    kept->transport().write("never sent");
    reactor.reset();
    EXPECT_EQ(story->lost + client->story->lost, 0);
    EXPECT_FALSE(port.listening());
    EXPECT_EQ(connector.state(), Connector::State::disconnected);
    kept->transport().write("harmless");
    kept->transport().abortConnection();
    connector.connect();
    kept.reset();
    EXPECT_EQ(story.use_count(), 1) << "nothing holds a protocol any more";
  });
  thread.join();
  EXPECT_EQ(openDescriptors(), before);
}

}  // namespace
}  // namespace phial
