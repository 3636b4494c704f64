// Attempts to connect: how they fail, end, and are given up.
#include <optional>

#include "net_fixture.h"

namespace phial {
namespace {

using namespace std::chrono_literals;

class ConnectTest : public NetTest {
 protected:
  std::uint16_t deadPort() {
    Port port = listen(server_);
    const auto number = port.getHost().port;
    port.stopListening();
    return number;
  }
};

TEST_F(ConnectTest, RefusedArrivesFromTheLoop) {
  const auto number = deadPort();
  const Connector connector = connectTCP(reactor_, "127.0.0.1", number, client_);
  EXPECT_TRUE(client_->failures.empty());
  EXPECT_EQ(connector.state(), Connector::State::connecting);
  runUntil([&] { return !client_->failures.empty(); });
  EXPECT_TRUE(client_->failures.front().check<ConnectionRefused>());
  EXPECT_EQ(client_->failures.front().message(), "cannot connect: Connection refused");
  EXPECT_THAT(client_->failures.front().describe(), ::testing::HasSubstr("127.0.0.1:"));
  EXPECT_EQ(connector.state(), Connector::State::disconnected);
  EXPECT_EQ(client_->story->made, 0);
}

TEST_F(ConnectTest, ConnectsAgainInsideClientConnectionFailed) {
  const auto number = deadPort();
  client_->onFailed = [&](const Connector& connector) {
    if (client_->failures.size() < 3) connector.connect();
  };
  connectTCP(reactor_, "127.0.0.1", number, client_);
  runUntil([&] { return client_->failures.size() == 3; });
  EXPECT_EQ(client_->numPorts(), 0U);
}

TEST_F(ConnectTest, LooksANameUpAndTriesEachAddress) {
  server_->onMade = [](Transport& t) { t.loseConnection(); };
  const Port port = listen(server_);  // not on ::1, which "localhost" may also mean
  connectTCP(reactor_, "localhost", port.getHost().port, client_);
  runUntil([&] { return client_->story->lost == 1; });
}

TEST_F(ConnectTest, AnUnknownNameIsADNSLookupError) {
  connectTCP(reactor_, "no-such-host.invalid", 80, client_);
  runUntil([&] { return !client_->failures.empty(); });
  EXPECT_TRUE(client_->failures.front().check<DNSLookupError>());
  EXPECT_THAT(client_->failures.front().describe(), ::testing::HasSubstr("no-such-host.invalid"));
}

// A Unix socket with a full backlog refuses; a TCP one lets the client wait, which is what a
// timeout is for.
TEST_F(ConnectTest, TimesOutWhereNobodyAnswers) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(fd, 0), 0);
  ASSERT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const NetPeer first(ntohs(address.sin_port));  // fills the backlog
  connectTCP(reactor_, "127.0.0.1", ntohs(address.sin_port), client_, {.timeout = 20ms});
  runUntil([&] { return !client_->failures.empty(); });
  EXPECT_TRUE(client_->failures.front().check<TimeoutError>());
  ::close(fd);
}

TEST_F(ConnectTest, StopConnectingGivesTheAttemptUp) {
  const Port port = listen(server_);
  const Connector connector = connect(port, client_);
  connector.stopConnecting();
  connector.stopConnecting();
  EXPECT_TRUE(client_->failures.empty()) << "from the loop";
  runUntil([&] { return !client_->failures.empty(); });
  EXPECT_TRUE(client_->failures.front().check<CancelledError>());
  turn();
  EXPECT_EQ(client_->failures.size(), 1U);
  EXPECT_EQ(client_->story->made, 0);
}

TEST_F(ConnectTest, StopsInsideStartedConnecting) {
  class Stopper final : public ClientFactory {
   public:
    void startedConnecting(const Connector& connector) override { connector.stopConnecting(); }
    std::shared_ptr<Protocol> buildProtocol(const Address&) override { return nullptr; }
    void clientConnectionFailed(const Connector&, const Failure& reason) override {
      cancelled = reason.check<CancelledError>();
    }
    bool cancelled = false;
  };
  const auto stopper = std::make_shared<Stopper>();
  const Port port = listen(server_);
  connect(port, stopper);
  runUntil([&] { return stopper->cancelled; });
}

TEST_F(ConnectTest, DisconnectClosesTheConnection) {
  const Port port = listen(server_);
  const Connector connector = connect(port, client_);
  runUntil([&] { return client_->story->made == 1; });
  EXPECT_EQ(connector.state(), Connector::State::connected);
  EXPECT_THROW(connector.connect(), std::logic_error);
  connector.disconnect();
  runUntil([&] { return client_->losses.size() == 1; });
  EXPECT_TRUE(client_->losses.front().check<ConnectionDone>());
}

TEST_F(ConnectTest, ConnectsAgainInsideClientConnectionLost) {
  server_->onMade = [](Transport& t) { t.loseConnection(); };
  const Port port = listen(server_);
  client_->onLost = [&](const Connector& connector) {
    if (client_->losses.size() < 3) connector.connect();
  };
  connect(port, client_);
  runUntil([&] { return client_->losses.size() == 3; });
  EXPECT_EQ(client_->story->made, 3);
}

TEST_F(ConnectTest, BindsTheAddressThatIsAskedFor) {
  std::string host;
  server_->onMade = [&](Transport& t) {
    host = t.getPeer().host;
    t.loseConnection();
  };
  const Port port = listen(server_);
  connectTCP(reactor_, "127.0.0.1", port.getHost().port, client_, {.bindAddress = "127.0.0.2"});
  runUntil([&] { return client_->story->lost == 1; });
  EXPECT_EQ(host, "127.0.0.2");
}

TEST_F(ConnectTest, ConnectProtocolGivesAConnectedProtocol) {
  const Port port = listen(server_);
  const auto story = std::make_shared<NetStory>();
  std::shared_ptr<NetRecorder> connected;
  connectProtocol(std::make_shared<NetRecorder>(story), [&](std::shared_ptr<ClientFactory> f) {
    return connect(port, f);
  }).addCallback([&](std::shared_ptr<NetRecorder> protocol) {
    EXPECT_EQ(story->made, 1);
    connected = std::move(protocol);
  });
  runUntil([&] { return connected != nullptr; });
  connected->transport().write("hello");
  runUntil([&] { return server_->received == "hello"; });
}

TEST_F(ConnectTest, ConnectProtocolFailsAndIsCancelled) {
  const auto number = deadPort();
  const auto story = std::make_shared<NetStory>();
  std::optional<Failure> reason;
  const auto to = [&](std::shared_ptr<ClientFactory> f) {
    return connectTCP(reactor_, "127.0.0.1", number, std::move(f));
  };
  const auto note = [&](const Failure& failure) -> std::shared_ptr<NetRecorder> {
    reason = failure;
    return nullptr;
  };
  auto failing = connectProtocol(std::make_shared<NetRecorder>(story), to).addErrback(note);
  runUntil([&] { return reason.has_value(); });
  EXPECT_TRUE(reason->check<ConnectionRefused>());
  reason.reset();
  auto cancelled = connectProtocol(std::make_shared<NetRecorder>(story), to).addErrback(note);
  cancelled.cancel();
  EXPECT_TRUE(reason->check<CancelledError>());
  turn();
  EXPECT_EQ(story.use_count(), 1) << "the attempt is gone";
}

TEST_F(ConnectTest, RefusesWhatCannotBeMeant) {
  EXPECT_THROW(connectTCP(reactor_, "127.0.0.1", 1, nullptr), std::invalid_argument);
  EXPECT_THROW(connectTCP(reactor_, "127.0.0.1", 1, client_, {.timeout = 0s}),
               std::invalid_argument);
  EXPECT_THROW(static_cast<void>(listenTCP(reactor_, 0, nullptr)), std::invalid_argument);
}

}  // namespace
}  // namespace phial
