// Unix sockets: their files, and who may take them.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <filesystem>

#include "net_fixture.h"
#include "tests/support/scratch_folder.h"

namespace phial {
namespace {

class UnixSocketTest : public NetTest {
 protected:
  // Leaves a socket behind as a program that was killed does.
  void leaveDeadSocket() {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ::listen(fd, 1);
    ::close(fd);
  }
  void expectServes(const std::string& path) {
    client_->story->onMade = [](Transport& t) {
      t.setTcpNoDelay(TcpOption::on);
      t.loseConnection();
    };
    connectUNIX(reactor_, path, client_);
    runUntil([&] { return server_->lost == 1; });
    EXPECT_TRUE(server_->lostWith<ConnectionDone>());
  }

  ScratchFolder folder_;
  const std::string path_ = folder_.path("socket");
};

TEST_F(UnixSocketTest, ServesAndRemovesItsFile) {
  {
    const Port port = listenUNIX(reactor_, path_, serverOf(server_));
    EXPECT_EQ(port.getHost().toString(), "unix:" + path_);
    expectServes(path_);
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(UnixSocketTest, TheFileHasItsModeWhateverTheUmask) {
  for (const mode_t mode : {0600, 0666, 0660}) {
    const Port port = listenUNIX(reactor_, path_, serverOf(server_), {.mode = mode});
    struct stat made{};
    ASSERT_EQ(::stat(path_.c_str(), &made), 0);
    EXPECT_EQ(made.st_mode & 07777, mode);
  }
}

TEST_F(UnixSocketTest, ReplacesADeadSocket) {
  leaveDeadSocket();
  const Port port = listenUNIX(reactor_, path_, serverOf(server_));
  expectServes(path_);
}

TEST_F(UnixSocketTest, ALiveSocketIsCannotListenAndStays) {
  const Port port = listenUNIX(reactor_, path_, serverOf(server_));
  try {
    const Port second = listenUNIX(reactor_, path_, serverOf(server_));
    FAIL();
  } catch (const CannotListen& error) {
    EXPECT_EQ(std::string(error.what()).find(path_), std::string::npos);
    EXPECT_THAT(error.describe(), ::testing::HasSubstr(path_));
  }
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(UnixSocketTest, NeverRemovesWhatIsNoSocketOrNotItsOwn) {
  const auto file = folder_.write("file", "precious");
  EXPECT_THROW(static_cast<void>(listenUNIX(reactor_, file, serverOf(server_))), CannotListen);
  EXPECT_TRUE(std::filesystem::exists(file));
  {
    const Port port = listenUNIX(reactor_, path_, serverOf(server_));
    std::filesystem::remove(path_);
    std::filesystem::rename(file, path_);
  }
  EXPECT_TRUE(std::filesystem::exists(path_)) << "somebody else's by now";
}

TEST_F(UnixSocketTest, AnAbstractNameNeedsNoFile) {
  const std::string name = std::string("\0phial-test-", 12) + std::to_string(::getpid());
  const Port port = listenUNIX(reactor_, name, serverOf(server_));
  expectServes(name);
}

TEST_F(UnixSocketTest, RefusesAPathThatIsTooLong) {
  const std::string path = folder_.path(std::string(200, 'x'));
  EXPECT_THROW(static_cast<void>(listenUNIX(reactor_, path, serverOf(server_))), CannotListen);
  connectUNIX(reactor_, path, client_);
  runUntil([&] { return !client_->failures.empty(); });
  EXPECT_TRUE(client_->failures.front().check<ConnectError>());
}

TEST_F(UnixSocketTest, NobodyThereIsRefused) {
  connectUNIX(reactor_, path_, client_);
  runUntil([&] { return !client_->failures.empty(); });
  EXPECT_TRUE(client_->failures.front().check<ConnectionRefused>());
}

}  // namespace
}  // namespace phial
