// A thousand connections at once.
#include <sys/resource.h>

#include "net_fixture.h"

namespace phial {
namespace {

class ManyTest : public NetTest {};

TEST_F(ManyTest, AThousandConnectionsEchoAndLeaveNothing) {
  constexpr int kConnections = 1000;
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 4096);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  if (limit.rlim_cur < 2 * kConnections + 100) GTEST_SKIP() << "too few descriptors";
  turn();
  const std::size_t before = openDescriptors();
  {
    server_->onData = [](Transport& t, std::string_view data) { t.write(data); };
    client_->story->onMade = [](Transport& t) { t.write("x"); };
    const Port port = listen(server_);
    std::vector<Connector> connectors;
    for (int i = 0; i < kConnections; ++i) connectors.push_back(connect(port, client_));
    runUntil([&] { return client_->story->received.size() == kConnections; });
    EXPECT_EQ(server_->made, kConnections);
    for (const auto& connector : connectors) connector.disconnect();
    runUntil(
        [&] { return client_->losses.size() == kConnections && server_->lost == kConnections; });
  }
  EXPECT_TRUE(client_->failures.empty());
  EXPECT_EQ(openDescriptors(), before);
}

}  // namespace
}  // namespace phial
