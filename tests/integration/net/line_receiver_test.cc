// LineReceiver, on a transport of the test's own.
#include "net_fixture.h"

namespace phial {
namespace {

class StringTransport final : public Transport {
 public:
  void write(std::string_view data) override { written += data; }
  void loseConnection() override { closing = true; }
  void loseWriteConnection() override { closing = true; }
  void abortConnection() override { closing = true; }
  bool disconnecting() const override { return closing; }
  void pauseProducing() override { paused = true; }
  void resumeProducing() override { paused = false; }
  void registerProducer(std::shared_ptr<Producer>, ProducerKind) override {}
  void unregisterProducer() override {}
  std::size_t bufferedBytes() const override { return 0; }
  const Address& getPeer() const override { return none; }
  const Address& getHost() const override { return none; }
  void setTcpNoDelay(TcpOption) override {}
  void setTcpKeepAlive(TcpOption) override {}

  Address none;
  std::string written;
  bool closing = false;
  bool paused = false;
};

class Lines final : public LineReceiver {
 public:
  using LineReceiver::LineReceiver;
  void lineReceived(std::string_view line) override {
    got.emplace_back(line);
    onLine(line);
  }
  void rawDataReceived(std::string_view data) override {
    got.push_back("raw:" + std::string(data));
    onRaw(data);
  }
  std::vector<std::string> got;
  std::function<void(std::string_view)> onLine = [](std::string_view) {};
  std::function<void(std::string_view)> onRaw = [](std::string_view) {};
};

class LineReceiverTest : public ::testing::Test {
 protected:
  explicit LineReceiverTest() { lines_.makeConnection(transport_); }
  std::shared_ptr<StringTransport> transport_ = std::make_shared<StringTransport>();
  Lines lines_{"\r\n", 8};
};

TEST_F(LineReceiverTest, FindsLinesHoweverTheyAreCut) {
  const std::string text = "one\r\n\r\nt\rwo\r\nfour\r\n";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    lines_.got.clear();
    for (std::size_t at = 0; at < text.size(); at += piece) {
      lines_.dataReceived(std::string_view(text).substr(at, piece));
    }
    EXPECT_THAT(lines_.got, ::testing::ElementsAre("one", "", "t\rwo", "four")) << piece;
  }
}

TEST_F(LineReceiverTest, ALineThatIsTooLongClosesTheConnection) {
  lines_.dataReceived("12345678\r\n");
  EXPECT_EQ(lines_.got.size(), 1U);
  lines_.dataReceived("12345678\r");
  EXPECT_FALSE(transport_->closing) << "may be the longest line";
  lines_.dataReceived("x");
  EXPECT_TRUE(transport_->closing);
  lines_.dataReceived("more\r\n");
  EXPECT_EQ(lines_.got.size(), 1U);
}

TEST_F(LineReceiverTest, ALongLineWithItsEndIsTooLongToo) {
  lines_.dataReceived("123456789\r\nshort\r\n");
  EXPECT_TRUE(transport_->closing);
  EXPECT_TRUE(lines_.got.empty());
}

TEST_F(LineReceiverTest, SwitchesToRawAndBack) {
  lines_.onLine = [&](std::string_view line) {
    if (line == "raw") lines_.setRawMode();
  };
  lines_.onRaw = [&](std::string_view data) { lines_.setLineMode(data.substr(3)); };
  lines_.dataReceived("raw\r\nabcend\r\nlast\r\n");
  EXPECT_THAT(lines_.got, ::testing::ElementsAre("raw", "raw:abcend\r\nlast\r\n", "end", "last"));
}

TEST_F(LineReceiverTest, DeliversNoLineWhilePausedOrClosing) {
  lines_.onLine = [&](std::string_view line) {
    if (line == "wait") lines_.pauseProducing();
    if (line == "end") transport_->loseConnection();
  };
  lines_.dataReceived("wait\r\none\r\nend\r\nno\r\n");
  EXPECT_THAT(lines_.got, ::testing::ElementsAre("wait"));
  EXPECT_TRUE(transport_->paused);
  lines_.resumeProducing();
  EXPECT_THAT(lines_.got, ::testing::ElementsAre("wait", "one", "end"));
}

TEST_F(LineReceiverTest, SendsLinesAndRefusesAnEmptyDelimiter) {
  lines_.sendLine("hello");
  EXPECT_EQ(transport_->written, "hello\r\n");
  EXPECT_THROW(Lines("", 8), std::invalid_argument);
}

}  // namespace
}  // namespace phial
