// The server of master/README.md, "Network", built from the page and asked from outside.
#include <phial/master/process_protocol.h>

#include <string>

#include "net_fixture.h"

namespace phial {
namespace {

class NetReadmeServer final : public ProcessProtocol {
 public:
  void outReceived(std::string_view bytes) override { said += bytes; }
  void processEnded(const Failure& reason) override { ended = reason.message(); }
  void kill() { transport().signalProcess("KILL"); }

  std::string said;
  std::string ended;
};

TEST_F(NetTest, TheServerOfThePageEchoes) {
  const auto server = std::make_shared<NetReadmeServer>();
  // On a terminal it writes each line at once.
  reactor_.spawnProcess(server, ECHO_PROGRAM, {}, {.pty = Pty{}});
  runUntil([&] { return server->said.find('\n') != std::string::npos || !server->ended.empty(); });
  ASSERT_EQ(server->ended, "");
  const auto colon = server->said.rfind(':');
  ASSERT_NE(colon, std::string::npos) << server->said;
  client_->story->onMade = [](Transport& transport) { transport.write("text"); };
  const auto port = static_cast<std::uint16_t>(std::stoi(server->said.substr(colon + 1)));
  const Connector connector = connectTCP(reactor_, "127.0.0.1", port, client_);
  runUntil([&] { return client_->story->received == "text" || !client_->failures.empty(); });
  EXPECT_EQ(client_->story->received, "text");
  server->kill();
  runUntil([&] { return client_->story->lost == 1 && !server->ended.empty(); });
}

}  // namespace
}  // namespace phial
