// Ports: how they listen, run out of descriptors, and end.
#include <fcntl.h>
#include <sys/resource.h>

#include <cerrno>
#include <system_error>

#include "net_fixture.h"

namespace phial {
namespace {

class AcceptTest : public NetTest {};

TEST_F(AcceptTest, AnAddressInUseIsCannotListen) {
  const Port port = listen(server_);
  try {
    const Port second = listenTCP(reactor_, port.getHost().port, serverOf(server_), loopback());
    FAIL();
  } catch (const CannotListen& error) {
    EXPECT_EQ(error.code(), EADDRINUSE);
    EXPECT_STREQ(error.what(), "cannot listen: Address already in use");
    EXPECT_THAT(error.describe(), ::testing::HasSubstr(port.getHost().toString()));
  }
  EXPECT_THROW(static_cast<void>(listenTCP(reactor_, 0, serverOf(server_), {.interface = "no"})),
               CannotListen);
}

TEST_F(AcceptTest, StopListeningLeavesConnectionsAlone) {
  server_->onData = [](Transport& t, std::string_view) { t.loseConnection(); };
  Port port = listen(server_);
  NetPeer peer(port.getHost().port);
  runUntil([&] { return server_->made == 1; });
  bool stopped = false;
  port.stopListening().addCallback([&] { stopped = true; });
  port.stopListening();
  EXPECT_TRUE(stopped);
  EXPECT_FALSE(port.listening());
  peer.send("x");
  runUntil([&] { return server_->lost == 1; });
  const Port again = listenTCP(reactor_, port.getHost().port, serverOf(server_), loopback());
  EXPECT_TRUE(again.listening()) << "at once, in spite of the old connection's TIME_WAIT";
}

TEST_F(AcceptTest, AFactoryHearsOfItsFirstAndLastPort) {
  class Counted final : public Factory {
   public:
    std::shared_ptr<Protocol> buildProtocol(const Address&) override { return nullptr; }
    void startFactory() override { events += "start "; }
    void stopFactory() override { events += "stop "; }
    std::string events;
  };
  const auto factory = std::make_shared<Counted>();
  {
    const Port one = listenTCP(reactor_, 0, factory, loopback());
    const Port two = listenTCP(reactor_, 0, factory, loopback());
    EXPECT_EQ(factory->numPorts(), 2U);
  }
  EXPECT_EQ(factory->events, "start stop ");
  EXPECT_EQ(factory.use_count(), 1);
}

TEST_F(AcceptTest, APausedPortLetsClientsWait) {
  Port port = listen(server_);
  port.pauseProducing();
  NetPeer peer(port.getHost().port);
  for (int i = 0; i < 10; ++i) turn();
  EXPECT_EQ(server_->made, 0);
  port.resumeProducing();
  runUntil([&] { return server_->made == 1; });
}

// The listening socket stays readable: a loop that tries at once would take the whole core.
TEST_F(AcceptTest, WithoutDescriptorsItPausesAndTellsOnce) {
  const Port port = listen(server_);
  NetPeer peer(port.getHost().port);
  // UndefinedBehaviorSanitizer looks at each type once, and needs descriptors for it.
  static_cast<void>(std::generic_category().message(EMFILE));
  static_cast<void>(Failure(NetworkError("a", "b", EMFILE)).describe());
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const int lowest = ::fcntl(peer.fd(), F_DUPFD_CLOEXEC, 0);
  ::close(lowest);
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(lowest);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  runUntil([&] { return errors_.size() == 1; });
  int turns = 0;
  bool over = false;
  const DelayedCall later =
      reactor_.callLater(std::chrono::milliseconds(250), [&] { over = true; });
  while (!over) {
    event_base_loop(reactor_.base(), EVLOOP_ONCE);
    ++turns;
  }
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_LT(turns, 20) << "it does not spin";
  EXPECT_EQ(errors_.size(), 1U);
  EXPECT_THAT(errors_.front(), ::testing::HasSubstr("Too many open files"));
  runUntil([&] { return server_->made == 1; });
}

TEST_F(AcceptTest, DescriptorsAreCloseOnExec) {
  const Port port = listen(server_);
  connect(port, client_);
  runUntil([&] { return server_->made + client_->story->made == 2; });
  int sockets = 0;
  for (int fd = 3; fd < 200; ++fd) {
    const int flags = ::fcntl(fd, F_GETFD);
    sockaddr_storage any{};
    socklen_t size = sizeof any;
    if (flags < 0 || ::getsockname(fd, reinterpret_cast<sockaddr*>(&any), &size) != 0) continue;
    EXPECT_TRUE(flags & FD_CLOEXEC) << fd;
    ++sockets;
  }
  EXPECT_GE(sockets, 3);
}

}  // namespace
}  // namespace phial
