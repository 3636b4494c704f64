// Back-pressure: a slow reader bounds what waits in memory.
#include "net_fixture.h"

namespace phial {
namespace {

constexpr std::size_t kPieceBytes = 16 << 10;

// Writes pieces in the loop while it is not paused, as a program that reads a file would.
class PieceStream final : public Producer {
 public:
  PieceStream(Transport& transport, int pieces) : transport_(transport), left_(pieces) {}

  void resumeProducing() override {
    paused_ = false;
    produce();
  }
  void pauseProducing() override {
    paused_ = true;
    ++pauses;
  }
  void stopProducing() override { stopped = true; }

  void produce() {
    while (!paused_ && !stopped && left_ > 0) {
      --left_;
      transport_.write(std::string(kPieceBytes, 'x'));
      most = std::max(most, transport_.bufferedBytes());
    }
    if (left_ == 0 && !stopped) {
      stopped = true;
      transport_.unregisterProducer();
      transport_.loseConnection();
    }
  }

  std::size_t most = 0;
  int pauses = 0;
  bool stopped = false;

 private:
  Transport& transport_;
  int left_;
  bool paused_ = false;
};

class ProducerTest : public NetTest {};

TEST_F(ProducerTest, AStreamingProducerIsPausedByASlowReader) {
  constexpr int kPieces = 2048;  // 32 MiB
  std::shared_ptr<PieceStream> stream;
  server_->onMade = [&](Transport& t) {
    stream = std::make_shared<PieceStream>(t, kPieces);
    t.registerProducer(stream, ProducerKind::streaming);
    stream->produce();
  };
  Transport* reader = nullptr;
  client_->story->onMade = [&](Transport& t) {
    reader = &t;
    t.pauseProducing();
  };
  const Port port = listen(server_);
  connect(port, client_);
  runUntil([&] { return stream && reader && stream->pauses > 0; });
  for (int i = 0; i < 100; ++i) turn();
  EXPECT_FALSE(stream->stopped) << "the reader has not read";
  reader->resumeProducing();
  runUntil([&] { return client_->story->lost == 1; });
  EXPECT_EQ(client_->story->received.size(), kPieces * kPieceBytes);
  EXPECT_LE(stream->most, Transport::kHighWaterBytes + kPieceBytes);
}

class Pulled final : public Producer {
 public:
  Pulled(Transport& transport, int pieces) : transport_(transport), left_(pieces) {}
  void resumeProducing() override {
    EXPECT_EQ(transport_.bufferedBytes(), 0U) << "one piece at a time";
    if (left_-- > 0) return transport_.write(std::string(kPieceBytes, 'x'));
    transport_.unregisterProducer();
  }
  void stopProducing() override { stopped = true; }
  bool stopped = false;

 private:
  Transport& transport_;
  int left_;
};

// loseConnection waits for the producer.
TEST_F(ProducerTest, APulledProducerWritesAPieceWhenAllIsSent) {
  server_->onMade = [&](Transport& t) {
    t.registerProducer(std::make_shared<Pulled>(t, 100), ProducerKind::pulled);
    t.loseConnection();
  };
  const Port port = listen(server_);
  connect(port, client_);
  runUntil([&] { return client_->story->lost == 1; });
  EXPECT_EQ(client_->story->received.size(), 100 * kPieceBytes);
}

// A producer as fast as its reader must not keep the loop from others.
TEST_F(ProducerTest, AnEndlessProducerLetsTheLoopGoOn) {
  std::shared_ptr<Pulled> producer;
  server_->onMade = [&](Transport& t) {
    producer = std::make_shared<Pulled>(t, 1 << 30);
    t.registerProducer(producer, ProducerKind::pulled);
  };
  client_->story->onData = [&](Transport&, std::string_view) { client_->story->received.clear(); };
  const Port port = listen(server_);
  const Connector connector = connect(port, client_);
  bool timer = false;
  runUntil([&] { return server_->made == 1; });
  reactor_.callLater(std::chrono::milliseconds(5), [&] { timer = true; });
  runUntil([&] { return timer; });
  connector.disconnect();
  runUntil([&] { return server_->lost == 1; });
  EXPECT_TRUE(producer->stopped) << "before connectionLost";
}

TEST_F(ProducerTest, RegisteringTwiceAndTooLate) {
  server_->onMade = [](Transport& t) {
    t.registerProducer(std::make_shared<Pulled>(t, 1), ProducerKind::streaming);
    EXPECT_THROW(t.registerProducer(std::make_shared<Pulled>(t, 1), ProducerKind::streaming),
                 std::logic_error);
    EXPECT_THROW(t.registerProducer(nullptr, ProducerKind::pulled), std::invalid_argument);
    t.abortConnection();
  };
  server_->onLost = [](Transport& t) {
    const auto late = std::make_shared<Pulled>(t, 1);
    t.registerProducer(late, ProducerKind::pulled);
    EXPECT_TRUE(late->stopped);
  };
  const Port port = listen(server_);
  NetPeer peer(port.getHost().port);
  runUntil([&] { return server_->lost == 1; });
}

}  // namespace
}  // namespace phial
