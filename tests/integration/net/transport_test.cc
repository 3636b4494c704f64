// Twisted's contracts of a transport, over the loopback.
#include "net_fixture.h"

namespace phial {
namespace {

class TransportTest : public NetTest {};

TEST_F(TransportTest, CarriesBytesBothWaysAndEndsInOrder) {
  server_->onData = [](Transport& t, std::string_view data) { t.write(data); };
  client_->story->onMade = [](Transport& t) { t.writeSequence({"one ", "", "two"}); };
  client_->story->onData = [&](Transport& t, std::string_view) {
    if (client_->story->received == "one two") t.loseConnection();
  };
  const Port port = listen(server_);
  connect(port, client_);
  runUntil([&] { return server_->lost == 1 && client_->losses.size() == 1; });
  EXPECT_TRUE(server_->lostWith<ConnectionDone>());
  EXPECT_TRUE(client_->story->lostWith<ConnectionDone>());
  EXPECT_EQ(client_->story->made, 1);
  EXPECT_TRUE(client_->failures.empty());
}

TEST_F(TransportTest, LoseConnectionSendsEverythingFirst) {
  const std::string much(8 << 20, 'x');
  server_->onMade = [&](Transport& t) {
    t.write(much);
    t.loseConnection();
    EXPECT_TRUE(t.disconnecting());
    t.write("dropped");
  };
  const Port port = listen(server_);
  connect(port, client_);
  runUntil([&] { return client_->story->lost == 1; });
  EXPECT_EQ(client_->story->received.size(), much.size());
  EXPECT_TRUE(client_->story->lostWith<ConnectionDone>());
  EXPECT_TRUE(server_->lostWith<ConnectionDone>());
}

TEST_F(TransportTest, AbortConnectionDropsAndResets) {
  server_->onMade = [](Transport& t) {
    t.write(std::string(8 << 20, 'x'));
    t.abortConnection();
    EXPECT_EQ(t.bufferedBytes(), 0U);
  };
  const Port port = listen(server_);
  connect(port, client_);
  runUntil([&] { return client_->story->lost == 1; });
  EXPECT_TRUE(client_->story->lostWith<ConnectionLost>());
  EXPECT_EQ(client_->story->reasons.front().as<ConnectionLost>()->code(), ECONNRESET);
  EXPECT_TRUE(server_->lostWith<ConnectionAborted>());
}

TEST_F(TransportTest, TellsAResetFromACleanClose) {
  const Port port = listen(server_);
  NetPeer peer(port.getHost().port);
  runUntil([&] { return server_->made == 1; });
  peer.reset();
  runUntil([&] { return server_->lost == 1; });
  EXPECT_TRUE(server_->lostWith<ConnectionLost>());
}

// A peer that has gone answers the first bytes with a reset; the next write would raise SIGPIPE,
// which ends the test program.
TEST_F(TransportTest, WritingToAPeerThatHasGoneRaisesNoSignal) {
  ASSERT_EQ(::signal(SIGPIPE, SIG_DFL), SIG_DFL) << "the test stands on the default";
  Transport* transport = nullptr;
  server_->onMade = [&](Transport& t) {
    transport = &t;
    t.pauseProducing();  // the end of the peer is not read
  };
  const Port port = listen(server_);
  NetPeer peer(port.getHost().port);
  runUntil([&] { return server_->made == 1; });
  peer.close();
  while (server_->lost == 0) {
    transport->write("x");
    turn();
  }
  EXPECT_TRUE(server_->lostWith<ConnectionLost>());
}

TEST_F(TransportTest, PausedReadingReceivesNothingUntilItResumes) {
  Transport* transport = nullptr;
  server_->onMade = [&](Transport& t) {
    transport = &t;
    t.pauseProducing();
  };
  server_->onData = [](Transport& t, std::string_view) { t.loseConnection(); };
  const Port port = listen(server_);
  NetPeer peer(port.getHost().port);
  peer.send("data");
  runUntil([&] { return transport != nullptr; });
  for (int i = 0; i < 10; ++i) turn();
  EXPECT_EQ(server_->received, "");
  transport->resumeProducing();
  runUntil([&] { return server_->lost == 1; });
  EXPECT_EQ(server_->received, "data");
}

TEST_F(TransportTest, KnowsBothAddresses) {
  std::string seen;
  server_->onMade = [&](Transport& t) {
    seen = t.getHost().toString();
    EXPECT_EQ(t.getPeer().host, "127.0.0.1");
    EXPECT_NE(t.getPeer().port, 0);
    t.setTcpNoDelay(TcpOption::on);
    t.setTcpKeepAlive(TcpOption::on);
    t.loseConnection();
  };
  const Port port = listen(server_);
  NetPeer peer(port.getHost().port);
  runUntil([&] { return server_->lost == 1; });
  EXPECT_EQ(seen, port.getHost().toString());
}

TEST_F(TransportTest, EveryMemberIsHarmlessAfterTheEnd) {
  std::shared_ptr<Protocol> kept;
  const Port port = listenTCP(
      reactor_, 0, Factory::of([&] { return kept = std::make_shared<NetRecorder>(server_); }),
      loopback());
  NetPeer(port.getHost().port).close();
  runUntil([&] { return server_->lost == 1; });
  Transport& t = kept->transport();
  t.write("x");
  t.loseConnection();
  t.loseWriteConnection();
  t.abortConnection();
  t.pauseProducing();
  t.resumeProducing();
  t.unregisterProducer();
  t.setTcpNoDelay(TcpOption::on);
  EXPECT_EQ(t.ssl(), nullptr);
  EXPECT_TRUE(t.disconnecting());
  for (int i = 0; i < 3; ++i) turn();
  EXPECT_EQ(server_->lost, 1);
}

class HalfRecorder final : public HalfCloseableProtocol {
 public:
  explicit HalfRecorder(std::vector<std::string>& events) : events_(events) {}
  void dataReceived(std::string_view data) override { events_.emplace_back(data); }
  void readConnectionLost() override {
    events_.push_back("read lost");
    transport().write("answer");
    transport().loseWriteConnection();
  }
  void writeConnectionLost() override { events_.push_back("write lost"); }
  void connectionLost(const Failure& reason) override {
    events_.push_back(reason.check<ConnectionDone>() ? "done" : "lost");
  }

 private:
  std::vector<std::string>& events_;
};

TEST_F(TransportTest, AHalfCloseableProtocolAnswersAfterThePeersEnd) {
  std::vector<std::string> events;
  const Port port = listenTCP(
      reactor_, 0, Factory::of([&] { return std::make_shared<HalfRecorder>(events); }), loopback());
  NetPeer peer(port.getHost().port);
  peer.send("question");
  peer.endWriting();
  runUntil([&] { return !events.empty() && (events.back() == "done" || events.back() == "lost"); });
  EXPECT_THAT(events, ::testing::ElementsAre("question", "read lost", "write lost", "done"));
  char answer[16];
  EXPECT_EQ(::recv(peer.fd(), answer, sizeof answer, 0), 6);
}

}  // namespace
}  // namespace phial
