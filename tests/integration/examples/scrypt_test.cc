#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>

#include "expectations.h"

namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// Takes minutes; with kScryptQuick a hash takes well below a millisecond.
const std::vector<std::string> kScryptSlow = {"--cost", "10", "--passes", "100000"};
const std::vector<std::string> kScryptQuick = {"--cost", "4"};

class ScryptClient {
 public:
  explicit ScryptClient(std::uint16_t port)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("cannot connect");
    }
  }
  ~ScryptClient() { ::close(fd_); }
  ScryptClient(const ScryptClient&) = delete;
  ScryptClient& operator=(const ScryptClient&) = delete;

  void send(const std::string& line) {
    const std::string text = line + "\n";
    EXPECT_EQ(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  // The next line; "(end)" when the server has closed.
  std::string receive() {
    std::string line;
    char c = 0;
    while (::recv(fd_, &c, 1, 0) == 1) {
      if (c == '\n') return line;
      line += c;
    }
    return "(end)";
  }
  std::string ask(const std::string& line) {
    send(line);
    return receive();
  }

 private:
  int fd_;
};

class ScryptTest : public testing::Test {
 protected:
  void start(const std::vector<std::string>& options, const std::vector<std::string>& more = {}) {
    std::vector<std::string> command = {SCRYPT_PROGRAM, "--port", "0"};
    command.insert(command.end(), options.begin(), options.end());
    command.insert(command.end(), more.begin(), more.end());
    server_.emplace(command);
    const auto line = server_->waitForLine("listening on ");
    port_ = static_cast<std::uint16_t>(std::stoul(line.substr(line.rfind(':') + 1)));
  }
  Ended end() {
    server_->signal(SIGTERM);
    return server_->wait();
  }

  std::optional<Program> server_;
  std::uint16_t port_ = 0;
};

TEST_F(ScryptTest, KeepsAndVerifiesPasswords) {
  start(kScryptQuick);
  ScryptClient client(port_);
  EXPECT_EQ(client.ask("verify alice s3cret"), "unknown user");
  EXPECT_EQ(client.ask("hash alice s3cret"), "ok");
  EXPECT_EQ(client.ask("verify alice s3cret\r"), "ok");
  EXPECT_EQ(client.ask("verify alice secret"), "wrong");
  EXPECT_THAT(client.ask("hash alice"), HasSubstr("usage"));
  client.send("hash bob one\nverify bob one\nverify bob two");
  EXPECT_EQ(client.receive(), "ok");
  EXPECT_EQ(client.receive(), "ok") << "one after the other";
  EXPECT_EQ(client.receive(), "wrong");
  const Ended ended = end();
  expectSuccess(ended);
  EXPECT_THAT(ended.out, Not(HasSubstr("s3cret")));
}

TEST_F(ScryptTest, LimitsTheTimeOfARequest) {
  start(kScryptSlow, {"--limit-ms", "50"});
  ScryptClient client(port_);
  EXPECT_EQ(client.ask("hash alice s3cret"), "timeout");
  const Ended ended = end();
  EXPECT_EQ(ended.status, 0);
  EXPECT_THAT(ended.out + ended.err, Not(HasSubstr("s3cret")));
}

TEST_F(ScryptTest, AnswersBusyWhenTheQueueIsFull) {
  start(kScryptSlow, {"--workers", "1", "--queue", "1", "--limit-ms", "3600000"});
  std::vector<std::unique_ptr<ScryptClient>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<ScryptClient>(port_));
    clients.back()->send("hash alice s3cret");
  }
  // Read in a later turn of the server's loop than the lines before.
  ScryptClient last(port_);
  EXPECT_THAT(last.ask("?"), HasSubstr("usage"));
  EXPECT_EQ(last.ask("hash alice s3cret"), "busy");
  // Those who leave make room again: their jobs are cancelled.
  clients.clear();
  server_->waitForLine("the client has gone, its request is cancelled");
  const Ended ended = end();
  EXPECT_EQ(ended.status, 0);
  EXPECT_THAT(ended.orphans, IsEmpty());
  EXPECT_THAT(ended.out + ended.err, Not(HasSubstr("s3cret")));
}

TEST_F(ScryptTest, AnswersWhatItHasAcceptedBeforeItEnds) {
  start({"--cost", "12", "--workers", "1", "--limit-ms", "3600000"});
  ScryptClient client(port_);
  EXPECT_EQ(client.ask("hash alice s3cret"), "ok");
  client.send("verify alice s3cret");
  EXPECT_THAT(ScryptClient(port_).ask("?"), HasSubstr("usage")) << "the line before has been read";
  server_->signal(SIGTERM);
  EXPECT_EQ(client.receive(), "ok");
  EXPECT_EQ(client.receive(), "(end)");
  expectSuccess(server_->wait());
}

TEST_F(ScryptTest, RefusesATakenPortAndWrongArguments) {
  start(kScryptQuick);
  expectRefusal(runProgram({SCRYPT_PROGRAM, "--port", std::to_string(port_)}), 1,
                "Address already in use");
  expectSuccess(end());
  expectRefusal(runProgram({SCRYPT_PROGRAM, "--cost", "0"}), 2, "--cost");
  expectHelp(SCRYPT_PROGRAM, {"--port", "--socket", "--workers", "--queue", "--limit-ms"});
}

}  // namespace
