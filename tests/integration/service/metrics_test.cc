// Metrics of real pools, and their route on a real server.
#include <event2/buffer.h>
#include <event2/http.h>
#include <phial/service/metrics.h>
#include <signal.h>

#include <vector>

#include "service_fixture.h"

namespace phial {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct Reply {
  int status = 0;
  std::string type;
  std::string body;
};

class MetricsServiceTest : public ServiceTest {
 protected:
  void listen() {
    auto* const socket = evhttp_bind_socket_with_handle(http_.get(), "127.0.0.1", 0);
    ASSERT_NE(socket, nullptr);
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ::getsockname(evhttp_bound_socket_get_fd(socket), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }

  Deferred<Reply> request(const char* path, evhttp_cmd_type method = EVHTTP_REQ_GET) {
    auto made = newDeferred<Reply>();
    auto* const waiting = new Resolver<Reply>(std::move(made.resolver));
    auto* const connection =
        evhttp_connection_base_new(reactor_.base(), nullptr, "127.0.0.1", port_);
    connections_.emplace_back(connection, &evhttp_connection_free);
    auto* const request = evhttp_request_new(
        [](evhttp_request* done, void* resolver) {
          const std::unique_ptr<Resolver<Reply>> resolve(static_cast<Resolver<Reply>*>(resolver));
          Reply reply;
          if (done != nullptr) {
            reply.status = evhttp_request_get_response_code(done);
            const char* const type =
                evhttp_find_header(evhttp_request_get_input_headers(done), "Content-Type");
            reply.type = type != nullptr ? type : "";
            evbuffer* const body = evhttp_request_get_input_buffer(done);
            reply.body.resize(evbuffer_get_length(body));
            evbuffer_remove(body, reply.body.data(), reply.body.size());
          }
          resolve->callback(std::move(reply));
        },
        waiting);
    evhttp_make_request(connection, request, method, path);
    return std::move(made.deferred);
  }

  std::unique_ptr<evhttp, decltype(&evhttp_free)> http_{evhttp_new(reactor_.base()), &evhttp_free};
  // Kept: what libevent frees by itself, it frees only while the loop goes on.
  std::vector<std::unique_ptr<evhttp_connection, decltype(&evhttp_connection_free)>> connections_;
  std::uint16_t port_ = 0;
  std::unique_ptr<Metrics> metrics_ = std::make_unique<Metrics>(reactor_);
};

TEST_F(MetricsServiceTest, OneCallAddsTheRoute) {
  auto& pool = makePool({.max = 1});
  metrics_->add("images", pool);
  metrics_->addRoute(*http_);
  listen();
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::twice>(4)), 8);
  const Reply reply = valueOf(request("/metrics"));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(reply.body, HasSubstr("phial_jobs_total{pool=\"images\",function=\"jobs::twice\","
                                    "outcome=\"succeeded\"} 1\n"));
  EXPECT_THAT(reply.body, HasSubstr("phial_workers{pool=\"images\",state=\"idle\"} 1\n"));
  EXPECT_THAT(reply.body, HasSubstr("phial_run_seconds_count{pool=\"images\"} 1\n"));
  EXPECT_THAT(reply.body, HasSubstr("\nphial_build_info{version=\""));
  EXPECT_EQ(valueOf(request("/metrics", EVHTTP_REQ_HEAD)).body, "");
  EXPECT_EQ(valueOf(request("/metrics", EVHTTP_REQ_POST)).status, 405);
  EXPECT_EQ(valueOf(request("/other")).status, 404);
}

TEST_F(MetricsServiceTest, ARouteEndsWithItsMetricsOrBefore) {
  metrics_->addRoute(*http_);
  EXPECT_THROW(metrics_->addRoute(*http_), std::invalid_argument);
  Metrics others(reactor_);
  EXPECT_THROW(others.addRoute(*http_), std::invalid_argument) << "the path is taken";
  others.addRoute(*http_, "/others");
  listen();
  EXPECT_EQ(valueOf(request("/others")).status, 200);
  others.removeRoutes(*http_);
  EXPECT_EQ(valueOf(request("/others")).status, 404);
  metrics_.reset();
  EXPECT_EQ(valueOf(request("/metrics")).status, 404);
  others.addRoute(*http_);
  EXPECT_EQ(valueOf(request("/metrics")).status, 200);
}

TEST_F(MetricsServiceTest, DeathsStartsAndRerunsAreCountedAcrossReload) {
  auto& pool = makePool({.max = 1});
  metrics_->add("p", pool);
  EXPECT_FALSE(await(pool.deferToProcess<jobs::dieOf>(SIGKILL)).ok());
  EXPECT_FALSE(await(pool.with({.rerun = Rerun::always, .maxAttempts = 2})
                         .deferToProcess<jobs::dieOf>(SIGKILL))
                   .ok());
  valueOf(pool.reload());
  valueOf(pool.deferToProcess<jobs::twice>(1));
  const auto stats = pool.stats();
  const std::string text = metrics_->text();
  EXPECT_THAT(text, HasSubstr("outcome=\"crashed\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("phial_worker_deaths_total{pool=\"p\",cause=\"crash\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("phial_job_reruns_total{pool=\"p\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("phial_worker_starts_total{pool=\"p\"} " +
                              std::to_string(stats.spawned) + "\n"));
  endPool();
  EXPECT_THAT(metrics_->text(), HasSubstr("phial_worker_starts_total{pool=\"p\"} " +
                                          std::to_string(stats.spawned) + "\n"));
}

TEST_F(MetricsServiceTest, TheCountsMakeUpTheLedger) {
  auto& pool = makePool({.max = 2, .maxQueue = 50});
  metrics_->add("p", pool);
  std::vector<Deferred<void>> all;
  for (int i = 0; i < 100; ++i) {
    auto job = pool.deferToProcess<jobs::twice>(i);
    if (i % 7 == 0) job.cancel();
    all.push_back(std::move(job).addBoth([](Outcome<int>&&) {}));
  }
  valueOf(gatherResults(std::move(all)));
  std::uint64_t total = 0;
  std::istringstream lines(metrics_->text());
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("phial_jobs_total{")) total += std::stoull(line.substr(line.rfind(' ')));
  }
  EXPECT_EQ(total, 100U);
  EXPECT_EQ(pool.stats().submitted, 100U);
}

TEST_F(MetricsServiceTest, MayEndInsideACallOfItsPool) {
  auto& pool = makePool({.max = 1});
  metrics_->add("p", pool);
  valueOf(pool.deferToProcess<jobs::twice>(1).addCallback([&](int) { metrics_.reset(); }));
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::twice>(2)), 4);
}

TEST_F(MetricsServiceTest, AJobsTraceReachesTheJobAndItsObservers) {
  struct Keeper : PoolObserver {
    void jobSettled(const JobReport& job) override { trace = job.trace; }
    std::string trace;
  };
  const std::string trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  auto& pool = makePool({.max = 1});
  const auto keeper = std::make_shared<Keeper>();
  const auto observation = pool.observe(keeper);
  EXPECT_EQ(valueOf(pool.with({.trace = trace}).deferToProcess<jobs::traceHere>()), trace);
  EXPECT_EQ(keeper->trace, trace);
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::traceHere>()), "") << "the next job has none";
  const auto outcome = await(pool.with({.trace = "00-x"}).deferToProcess<jobs::traceHere>());
  ASSERT_FALSE(outcome.ok());
  EXPECT_TRUE(outcome.failure().check<std::invalid_argument>());
  EXPECT_THAT(outcome.failure().message(), HasSubstr("trace"));
}

}  // namespace
}  // namespace phial
