#include <signal.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "expectations.h"
#include "http_client.h"
#include "tests/support/scratch_folder.h"

namespace {

using testing::HasSubstr;

class MetricsExampleTest : public testing::Test {
 protected:
  void start(std::vector<std::string> options) {
    options.insert(options.begin(), {METRICS_PROGRAM, "--port", "0", "--workers", "1"});
    server_.emplace(options);
    const auto url = server_->waitForLine("listening on http://127.0.0.1:");
    port_ = static_cast<std::uint16_t>(std::stoul(url.substr(url.rfind(':') + 1)));
  }
  Response get(const std::string& target) { return HttpClient(port_).get(target); }

  std::optional<Program> server_;
  std::uint16_t port_ = 0;
};

TEST_F(MetricsExampleTest, AScrapeShowsWhatWasServedAndTheTraceAsWell) {
  const ScratchFolder folder;
  const std::string trace = folder.path("trace.json");
  start({"--trace", trace});
  EXPECT_EQ(get("/steps/27").body, "111 steps\n");
  EXPECT_EQ(get("/steps/0").status, 400);
  const auto metrics = get("/metrics");
  EXPECT_EQ(metrics.status, 200);
  EXPECT_THAT(metrics.body, HasSubstr("phial_jobs_total{pool=\"steps\",function=\"collatzSteps\","
                                      "outcome=\"succeeded\"} 1\n"));
  EXPECT_THAT(metrics.body, HasSubstr("phial_worker_starts_total{pool=\"steps\"} 1\n"));
  server_->signal(SIGTERM);
  const auto ended = server_->wait();
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.orphans, testing::IsEmpty());
  std::ostringstream text;
  text << std::ifstream(trace).rdbuf();
  EXPECT_THAT(text.str(), testing::AllOf(testing::StartsWith("["), testing::EndsWith("\n]\n"),
                                         HasSubstr("\"collatzSteps\"")));
}

}  // namespace
