// TLS: who is verified, and how an end is told from a cut.
#include <openssl/ssl.h>

#include "certificates.h"
#include "net_fixture.h"

namespace phial {
namespace {

using namespace std::chrono_literals;

class RefusingTls final : public Factory {
 public:
  explicit RefusingTls(std::shared_ptr<NetStory> story) : story_(std::move(story)) {}
  std::shared_ptr<Protocol> buildProtocol(const Address&) override {
    return std::make_shared<NetRecorder>(story_);
  }
  void handshakeFailed(const Address&, const Failure& reason) override {
    failures.push_back(reason);
  }
  std::vector<Failure> failures;

 private:
  std::shared_ptr<NetStory> story_;
};

class TlsTest : public NetTest {
 protected:
  TlsContext serverContext(const std::string& names = "DNS:localhost,IP:127.0.0.1",
                           const std::string& clientCa = {}) {
    const auto files = authority_.issue("server", names);
    return TlsContext(TlsServerOptions{files.certificate, files.key, clientCa});
  }
  Port listenTls(const TlsContext& context) {
    return listenSSL(reactor_, 0, factory_, context, loopback());
  }
  void connectTls(const Port& port, const TlsClientOptions& options, std::string host = "127.0.0.1",
                  ConnectOptions connect = {}) {
    connectSSL(reactor_, host, port.getHost().port, client_, TlsContext(options), connect);
  }
  void expectRefused(const std::string& reason) {
    runUntil([&] { return !client_->failures.empty(); });
    EXPECT_TRUE(client_->failures.front().check<TlsError>());
    EXPECT_THAT(client_->failures.front().message(), ::testing::HasSubstr(reason));
    EXPECT_EQ(client_->story->made, 0) << "no protocol sees an unverified peer";
  }

  ScratchFolder folder_;
  TestAuthority authority_{folder_, "authority"};
  std::shared_ptr<RefusingTls> factory_ = std::make_shared<RefusingTls>(server_);
};

TEST_F(TlsTest, CarriesMuchBothWaysAndEndsInOrder) {
  const std::string much(4 << 20, 'x');
  server_->onData = [&](Transport& t, std::string_view) {
    if (server_->received.size() == much.size()) {
      t.write(much);
      t.loseConnection();
    }
  };
  client_->story->onMade = [&](Transport& t) {
    ASSERT_NE(t.ssl(), nullptr);
    EXPECT_GE(SSL_version(t.ssl()), TLS1_2_VERSION);
    t.write(much);
  };
  const Port port = listenTls(serverContext());
  connectTls(port, {.caFile = authority_.file()});
  runUntil([&] { return client_->story->lost == 1 && server_->lost == 1; });
  EXPECT_EQ(client_->story->received.size(), much.size());
  EXPECT_TRUE(client_->story->lostWith<ConnectionDone>());
  EXPECT_TRUE(server_->lostWith<ConnectionDone>());
}

TEST_F(TlsTest, VerifiesTheHostsNameAndSendsIt) {
  std::string name;
  server_->onMade = [&](Transport& t) {
    name = SSL_get_servername(t.ssl(), TLSEXT_NAMETYPE_host_name);
    t.loseConnection();
  };
  const Port port = listenTls(serverContext("DNS:pool.example"));
  connectTls(port, {.caFile = authority_.file()}, "127.0.0.1", {.serverName = "pool.example"});
  runUntil([&] { return client_->story->lost == 1; });
  EXPECT_EQ(name, "pool.example");
}

TEST_F(TlsTest, RefusesACertificateOfAnotherHost) {
  const Port port = listenTls(serverContext("DNS:other.example"));
  connectTls(port, {.caFile = authority_.file()}, "127.0.0.1", {.serverName = "pool.example"});
  expectRefused("certificate verify failed: hostname mismatch");
  client_->failures.clear();
  connectTls(port, {.caFile = authority_.file()});
  expectRefused("certificate verify failed: IP address mismatch");
  runUntil([&] { return factory_->failures.size() == 2; });
  EXPECT_EQ(server_->made, 0);
}

TEST_F(TlsTest, RefusesACertificateOfAnUnknownAuthorityByDefault) {
  const Port port = listenTls(serverContext());
  connectTls(port, {});
  expectRefused("certificate verify failed");
  const TestAuthority other(folder_, "other");
  client_->failures.clear();
  connectTls(port, {.caFile = other.file()});
  expectRefused("certificate verify failed");
}

TEST_F(TlsTest, VerifiesNobodyWhenToldSo) {
  server_->onMade = [](Transport& t) { t.loseConnection(); };
  const Port port = listenTls(serverContext("DNS:other.example"));
  connectTls(port, {.peer = TlsClientOptions::Peer::isNotVerified});
  runUntil([&] { return client_->story->lost == 1; });
}

TEST_F(TlsTest, AsksForClientCertificates) {
  server_->onMade = [](Transport& t) { t.loseConnection(); };
  const Port port = listenTls(serverContext("IP:127.0.0.1", authority_.file()));
  connectTls(port, {.caFile = authority_.file()});
  runUntil([&] { return factory_->failures.size() == 1; });
  EXPECT_THAT(factory_->failures.front().message(),
              ::testing::HasSubstr("did not return a certificate"));
  EXPECT_EQ(server_->made, 0);
  // In TLS 1.3 the client has ended its handshake by then, and hears of it as a loss.
  runUntil([&] { return client_->story->lost == 1; });
  EXPECT_TRUE(client_->story->lostWith<TlsError>());
  const auto own = authority_.issue("client", "DNS:client");
  connectTls(
      port,
      {.caFile = authority_.file(), .certificateFile = own.certificate, .privateKeyFile = own.key});
  runUntil([&] { return server_->lost == 1; });
}

TEST_F(TlsTest, TellsACutFromAnEnd) {
  Transport* cut = nullptr;
  client_->story->onMade = [&](Transport& t) { cut = &t; };
  const Port port = listenTls(serverContext());
  connectTls(port, {.caFile = authority_.file()});
  runUntil([&] { return cut != nullptr && server_->made == 1; });
  // Ends the socket below TLS, as a peer that dies does.
  int sockets = 0;
  for (int fd = 3; fd < 200; ++fd) {
    sockaddr_in there{};
    socklen_t size = sizeof there;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&there), &size) != 0) continue;
    if (ntohs(there.sin_port) != cut->getHost().port) continue;
    ::shutdown(fd, SHUT_WR);
    ++sockets;
  }
  ASSERT_EQ(sockets, 1);
  runUntil([&] { return server_->lost == 1; });
  EXPECT_TRUE(server_->lostWith<TlsTruncated>());
}

TEST_F(TlsTest, AClientWithoutTlsAndASilentOneAreDropped) {
  const Port port = listenSSL(reactor_, 0, factory_, serverContext(),
                              {.interface = "127.0.0.1", .handshakeTimeout = 20ms});
  NetPeer plain(port.getHost().port);
  plain.send("GET / HTTP/1.0\r\n\r\n");
  runUntil([&] { return factory_->failures.size() == 1; });
  EXPECT_THAT(factory_->failures[0].message(), ::testing::HasSubstr("http request"));
  NetPeer silent(port.getHost().port);
  runUntil([&] { return factory_->failures.size() == 2; });
  EXPECT_TRUE(factory_->failures[1].check<TimeoutError>());
}

TEST_F(TlsTest, SaysWhatIsWrongWithItsFiles) {
  const auto files = authority_.issue("good", "DNS:x");
  const auto others = authority_.issue("others", "DNS:x");
  const auto missing = folder_.path("missing");
  try {
    TlsContext(TlsServerOptions{missing, files.key});
    FAIL();
  } catch (const TlsError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("No such file"));
    EXPECT_THAT(error.what(), ::testing::Not(::testing::HasSubstr(missing)));
    EXPECT_THAT(error.describe(), ::testing::HasSubstr(missing));
  }
  EXPECT_THROW(TlsContext(TlsServerOptions{files.certificate, others.key}), TlsError);
  EXPECT_THROW(TlsContext(TlsServerOptions{}), std::invalid_argument);
  EXPECT_THROW(TlsContext(TlsClientOptions{.certificateFile = files.certificate}),
               std::invalid_argument);
  EXPECT_THROW(static_cast<void>(listenSSL(reactor_, 0, factory_, TlsContext(TlsClientOptions{}))),
               std::invalid_argument);
}

}  // namespace
}  // namespace phial
