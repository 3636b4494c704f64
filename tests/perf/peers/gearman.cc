// gearmand at the benchmarks' work, by libgearman: a server of its own on the loopback interface,
// workers that are forked processes, and this process as the client.
#include <libgearman/gearman.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/perf/common/command_line.h"
#include "tests/perf/common/sample.h"
#include "tests/perf/common/samples.h"
#include "tests/perf/common/stopwatch.h"
#include "tests/perf/common/work.h"
#include "tests/perf/peers/gearman_server.h"

namespace {

constexpr const char* kHost = "127.0.0.1";
constexpr int kWarmUp = 200;

struct Options {
  std::string server = "/usr/sbin/gearmand";
  std::string workload = "latency";
  int jobs = 2000;
  std::size_t workers = 0;
  int longMs = 2000;
};

Options parseOptions(int argc, char** argv) {
  Options options;
  CLI::App app("Measures gearmand.", "phial_perf_gearman");
  app.add_option("--server", options.server, "gearmand's path")
      ->check(CLI::ExistingFile)
      ->capture_default_str();
  app.add_option("--workload", options.workload, "What to do")
      ->check(CLI::IsMember({"latency", "burst", "cpu", "mixed"}))
      ->capture_default_str();
  perf::addCount(app, "jobs", options.jobs, "Jobs");
  perf::addWorkers(app, options.workers);
  perf::addCount(app, "long-ms", options.longMs, "The long job of `mixed`");
  perf::parseOrExit(app, argc, argv);
  return options;
}

void require(bool ok, const char* what) {
  if (!ok) throw std::runtime_error(std::string(what) + " failed");
}

// --- The workers.

std::uint64_t argumentOf(gearman_job_st* job) {
  std::uint64_t number = 0;
  if (gearman_job_workload_size(job) == sizeof(number)) {
    std::memcpy(&number, gearman_job_workload(job), sizeof(number));
  }
  return number;
}

using Size = std::size_t;
using Status = gearman_return_t;

void* noOp(gearman_job_st*, void*, Size* size, Status* status) {
  *size = 0;
  *status = GEARMAN_SUCCESS;
  return nullptr;
}

void* churn(gearman_job_st* job, void*, Size* size, Status* status) {
  const std::uint64_t state = perf::churn(argumentOf(job));
  void* result = std::malloc(sizeof(state));  // gearman frees it
  *size = result == nullptr ? 0 : sizeof(state);
  if (result != nullptr) std::memcpy(result, &state, sizeof(state));
  *status = GEARMAN_SUCCESS;
  return result;
}

void* spin(gearman_job_st* job, void* context, Size* size, Status* status) {
  perf::spin(std::chrono::microseconds(argumentOf(job)));
  return noOp(job, context, size, status);
}

[[noreturn]] void work(std::uint16_t port) {
  perf::endWithParent();
  gearman_worker_st* worker = gearman_worker_create(nullptr);
  if (worker == nullptr || gearman_worker_add_server(worker, kHost, port) != GEARMAN_SUCCESS) {
    ::_exit(1);
  }
  const std::map<std::string, gearman_worker_fn*> functions = {
      {"noOp", noOp}, {"churn", churn}, {"spin", spin}};
  for (const auto& [name, function] : functions) {
    gearman_worker_add_function(worker, name.c_str(), 0, function, nullptr);
  }
  while (gearman_worker_work(worker) == GEARMAN_SUCCESS) {
  }
  ::_exit(1);
}

class Workers {
 public:
  Workers(std::size_t count, std::uint16_t port) {
    for (std::size_t i = 0; i < count; ++i) {
      const pid_t child = ::fork();
      require(child >= 0, "fork");
      if (child == 0) work(port);
      children_.push_back(child);
    }
  }
  ~Workers() {
    for (const pid_t child : children_) perf::endChild(child);
  }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

 private:
  std::vector<pid_t> children_;
};

// --- The client.

/// Called when a task has completed.
using Done = std::function<void()>;

class Client {
 public:
  explicit Client(std::uint16_t port) : client_(gearman_client_create(nullptr)) {
    require(client_ != nullptr, "gearman_client_create");
    require(gearman_client_add_server(client_, kHost, port) == GEARMAN_SUCCESS, "add_server");
    gearman_client_add_options(client_, GEARMAN_CLIENT_FREE_TASKS);
    gearman_client_set_complete_fn(client_, [](gearman_task_st* task) {
      (*static_cast<Done*>(gearman_task_context(task)))();
      return GEARMAN_SUCCESS;
    });
  }
  ~Client() { gearman_client_free(client_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// One job that does nothing.
  void callNoOp() {
    std::size_t resultSize = 0;
    gearman_return_t status = GEARMAN_SUCCESS;
    std::free(gearman_client_do(client_, "noOp", nullptr, nullptr, 0, &resultSize, &status));
    require(status == GEARMAN_SUCCESS, "gearman_client_do");
  }

  /// One of many jobs.
  void add(const char* function, std::uint64_t argument, Done done = [] {}) {
    Done& kept = tasks_.emplace_back([this, done = std::move(done)] {
      ++completed_;
      done();
    });
    gearman_return_t status = GEARMAN_SUCCESS;
    gearman_client_add_task(client_, nullptr, &kept, function, nullptr, &argument, sizeof(argument),
                            &status);
    require(status == GEARMAN_SUCCESS, "gearman_client_add_task");
  }
  /// Runs what was added.
  void runAll() {
    require(gearman_client_run_tasks(client_) == GEARMAN_SUCCESS, "gearman_client_run_tasks");
    require(completed_ == tasks_.size(), "a task");  // of which that function says nothing
  }

 private:
  gearman_client_st* client_;
  std::deque<Done> tasks_;  // addresses stay
  std::size_t completed_ = 0;
};

perf::Sample latency(Client& client, const Options& options) {
  perf::Samples samples;
  for (int i = 0; i < options.jobs; ++i) {
    const perf::Stopwatch stopwatch;
    client.callNoOp();
    samples.add(stopwatch.microseconds());
  }
  return {.workload = options.workload,
          .subject = {},
          .value = samples.median(),
          .unit = "us",
          .also = {{"p99Us", samples.p99()}}};
}

perf::Sample burst(Client& client, const Options& options) {
  const perf::Stopwatch stopwatch;
  for (int i = 0; i < options.jobs; ++i) client.add("noOp", 0);
  client.runAll();
  return {.workload = options.workload,
          .subject = {},
          .value = options.jobs / stopwatch.seconds(),
          .unit = "jobs/s"};
}

perf::Sample cpu(Client& client, const Options& options) {
  const auto workers = static_cast<int>(options.workers);
  const std::uint64_t steps = perf::stepsFor(std::chrono::milliseconds(10));
  const int each = options.jobs / 2 / workers + 1;
  const double before = perf::plainSecondsPerJob(workers, each, steps);
  const perf::Stopwatch stopwatch;
  for (int i = 0; i < options.jobs; ++i) client.add("churn", steps);
  client.runAll();
  const double seconds = stopwatch.seconds();
  const double after = perf::plainSecondsPerJob(workers, each, steps);
  return {.workload = options.workload,
          .subject = {},
          .value = options.jobs * (before + after) / 2 / (seconds * workers),
          .unit = "of ideal",
          .also = {{"jobMsBefore", before * 1e3}, {"jobMsAfter", after * 1e3}}};
}

perf::Sample mixed(Client& client, const Options& options) {
  perf::Samples latenciesMs;
  const perf::Stopwatch stopwatch;
  const Done done = [&] { latenciesMs.add(stopwatch.milliseconds()); };
  const auto longUs = static_cast<std::uint64_t>(options.longMs) * 1000;
  for (int i = 0; i < options.jobs; ++i) {
    if (i == options.jobs / 10) client.add("spin", longUs);
    client.add("spin", 1000, done);
  }
  client.runAll();
  return {.workload = options.workload,
          .subject = {},
          .value = latenciesMs.worst(),
          .unit = "ms",
          .also = {{"p99Ms", latenciesMs.p99()}}};
}

void measure(const Options& options) {
  const perf::GearmanServer server(options.server);
  const Workers workers(options.workers, server.port());
  Client client(server.port());
  for (int i = 0; i < kWarmUp; ++i) client.callNoOp();
  const auto sampleOf = [&] {
    if (options.workload == "latency") return latency(client, options);
    if (options.workload == "burst") return burst(client, options);
    if (options.workload == "cpu") return cpu(client, options);
    return mixed(client, options);
  };
  perf::Sample sample = sampleOf();
  sample.subject = "gearmand";
  sample.also.emplace_back("jobs", options.jobs);
  perf::print(sample);
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parseOptions(argc, argv);
  try {
    measure(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "phial_perf_gearman: %s\n", error.what());
    return 1;
  }
}
