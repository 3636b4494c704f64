// Peers that are processes: killed, or forked from this one.
#include <signal.h>
#include <sys/wait.h>

#include <optional>

#include "net_fixture.h"

namespace phial {
namespace {

class PeerProcessTest : public NetTest {
 protected:
  // Runs `f` in a child, which then waits to be killed.
  pid_t inChild(const std::function<void()>& f) {
    const pid_t child = ::fork();
    if (child == 0) {
      f();
      for (;;) ::pause();
    }
    return child;
  }
  static void end(pid_t child) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
};

TEST_F(PeerProcessTest, APeerThatIsKilledLosesItsConnection) {
  const Port port = listen(server_);
  const auto number = port.getHost().port;
  const pid_t child = inChild([&] {
    static NetPeer peer(number);
    peer.send("half a li");
  });
  runUntil([&] { return server_->received == "half a li"; });
  end(child);
  runUntil([&] { return server_->lost == 1; });
  EXPECT_EQ(server_->made, 1);
}

// The child has a copy of every descriptor and of the epoll set.
TEST_F(PeerProcessTest, AForkedChildThatDropsEverythingHarmsNobody) {
  std::optional<Port> port(listen(server_));
  Transport* transport = nullptr;
  client_->story->onMade = [&](Transport& t) { transport = &t; };
  const Connector connector = connect(*port, client_);
  runUntil([&] { return server_->made == 1 && transport != nullptr; });
  const pid_t child = ::fork();
  if (child == 0) {
    transport->write("from the child");
    transport->loseConnection();
    connector.disconnect();
    port->stopListening();
    port.reset();
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  transport->write("from the parent");
  runUntil([&] { return server_->received.size() >= 15; });
  EXPECT_EQ(server_->received, "from the parent");
  NetPeer peer(port->getHost().port);
  runUntil([&] { return server_->made == 2; });
}

// A forked child that lives on holds a copy of the socket; the peer must see the end all the same.
TEST_F(PeerProcessTest, AnEndReachesThePeerInSpiteOfAForkedChild) {
  const Port port = listen(server_);
  const Connector connector = connect(port, client_);
  runUntil([&] { return server_->made == 1 && client_->story->made == 1; });
  const pid_t child = inChild([] {});
  connector.disconnect();
  runUntil([&] { return server_->lost == 1; });
  end(child);
}

}  // namespace
}  // namespace phial
