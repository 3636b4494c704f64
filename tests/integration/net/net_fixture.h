// A Reactor, protocols that record what happens to them, and plain blocking peers.
#pragma once

#include <arpa/inet.h>
#include <dirent.h>
#include <event2/event.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <phial/master.h>
#include <phial/net.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phial {

inline std::size_t openDescriptors() {
  std::size_t count = 0;
  DIR* const folder = ::opendir("/proc/self/fd");
  while (::readdir(folder) != nullptr) ++count;
  ::closedir(folder);
  return count;
}

/// What happened to a protocol, in order. The test reads it when the protocol may be gone.
struct NetStory {
  int made = 0;
  int lost = 0;
  std::string received;
  std::vector<Failure> reasons;
  std::function<void(Transport&)> onMade = [](Transport&) {};
  std::function<void(Transport&, std::string_view)> onData = [](Transport&, std::string_view) {};
  std::function<void(Transport&)> onLost = [](Transport&) {};

  template <class E>
  bool lostWith() const {
    return reasons.size() == 1 && reasons.front().check<E>();
  }
};

class NetRecorder : public Protocol {
 public:
  explicit NetRecorder(std::shared_ptr<NetStory> story) : story_(std::move(story)) {}
  void connectionMade() override {
    ++story_->made;
    story_->onMade(transport());
  }
  void dataReceived(std::string_view data) override {
    EXPECT_FALSE(data.empty());
    EXPECT_FALSE(lost_) << "nothing comes after connectionLost";
    story_->received += data;
    story_->onData(transport(), data);
  }
  void connectionLost(const Failure& reason) override {
    EXPECT_FALSE(std::exchange(lost_, true)) << "once";
    ++story_->lost;
    story_->reasons.push_back(reason);
    story_->onLost(transport());
  }

 private:
  std::shared_ptr<NetStory> story_;
  bool lost_ = false;
};

/// Its protocols share one story.
class NetClient : public ClientFactory {
 public:
  explicit NetClient(std::shared_ptr<NetStory> shared = std::make_shared<NetStory>())
      : story(std::move(shared)) {}
  std::shared_ptr<Protocol> buildProtocol(const Address&) override {
    return std::make_shared<NetRecorder>(story);
  }
  void clientConnectionFailed(const Connector& connector, const Failure& reason) override {
    failures.push_back(reason);
    onFailed(connector);
  }
  void clientConnectionLost(const Connector& connector, const Failure& reason) override {
    losses.push_back(reason);
    onLost(connector);
  }

  std::shared_ptr<NetStory> story;
  std::vector<Failure> failures;
  std::vector<Failure> losses;
  std::function<void(const Connector&)> onFailed = [](const Connector&) {};
  std::function<void(const Connector&)> onLost = [](const Connector&) {};
};

/// A client outside the loop, with blocking calls.
class NetPeer {
 public:
  explicit NetPeer(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~NetPeer() { close(); }
  NetPeer(const NetPeer&) = delete;
  NetPeer& operator=(const NetPeer&) = delete;

  int fd() const { return fd_; }
  void send(std::string_view data) {
    EXPECT_EQ(::send(fd_, data.data(), data.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(data.size()));
  }
  void endWriting() { ::shutdown(fd_, SHUT_WR); }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  void reset() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }

 private:
  int fd_;
};

class NetTest : public ::testing::Test {
 protected:
  NetTest() {
    reactor_.onCallbackError(
        [this](std::exception_ptr error) { errors_.push_back(Failure(error).message()); });
  }

  /// Runs the loop until `done` is true. ctest's timeout is behind it.
  void runUntil(const std::function<bool()>& done) {
    while (!done()) {
      ASSERT_EQ(event_base_loop(reactor_.base(), EVLOOP_ONCE), 0);
    }
  }
  /// Runs what is due.
  void turn() { event_base_loop(reactor_.base(), EVLOOP_NONBLOCK); }

  std::shared_ptr<Factory> serverOf(const std::shared_ptr<NetStory>& story) {
    return Factory::forProtocol<NetRecorder>(story);
  }
  static ListenOptions loopback() { return {.interface = "127.0.0.1"}; }
  Port listen(const std::shared_ptr<NetStory>& story) {
    return listenTCP(reactor_, 0, serverOf(story), loopback());
  }
  Connector connect(const Port& port, const std::shared_ptr<ClientFactory>& client) {
    return connectTCP(reactor_, "127.0.0.1", port.getHost().port, client);
  }

  std::vector<std::string> errors_;  // what reached the Reactor's guard
  Reactor reactor_;
  std::shared_ptr<NetStory> server_ = std::make_shared<NetStory>();
  std::shared_ptr<NetClient> client_ = std::make_shared<NetClient>();
};

}  // namespace phial
