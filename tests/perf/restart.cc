// How long is a worker missing after a kill -9?
//
// From the signal until the replacement has answered the handshake; beside the floor, posix_spawn
// of this same binary until its first byte arrives through a pipe. The two alternate in one run, so
// that both see the same machine. Exits with 1 when the ratio of the medians is above
// kRequiredRatio.
#include <fcntl.h>
#include <phial/master.h>
#include <phial/worker.h>
#include <spawn.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/null_sink.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/perf/burst.h"
#include "tests/perf/command_line.h"
#include "tests/perf/samples.h"

namespace {

using Milliseconds = std::chrono::duration<double, std::milli>;
using SteadyClock = std::chrono::steady_clock;

constexpr double kRequiredRatio = 1.5;
constexpr const char* kSayHello = "--say-hello";

struct Options {
  int rounds = 200;
};

Options parseOptions(int argc, char** argv) {
  Options options;
  CLI::App app(
      "Measures how long a pool of one worker is without it after a kill -9, beside posix_spawn "
      "of\n"
      "the same program up to its first byte. Exit status 1 when the ratio of the medians is "
      "above\n"
      "1.5.",
      "phial_perf_restart");
  app.add_option("--rounds", options.rounds, "Kills and spawns, alternating")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  perf::parseOrExit(app, argc, argv);
  return options;
}

[[noreturn]] void die(const char* call) {
  std::perror(call);
  std::exit(2);
}

// The child's part of spawnUntilFirstByte().
int sayHello() { return ::write(STDOUT_FILENO, "!", 1) == 1 ? 0 : 1; }

double spawnUntilFirstByte() {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) die("pipe2");
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO);
  std::array<char*, 3> arguments = {const_cast<char*>("hello"), const_cast<char*>(kSayHello),
                                    nullptr};
  const auto begin = SteadyClock::now();
  pid_t child = 0;
  errno = ::posix_spawn(&child, "/proc/self/exe", &actions, nullptr, arguments.data(), environ);
  if (errno != 0) die("posix_spawn");
  char byte = 0;
  if (::read(pipe[0], &byte, 1) != 1) die("read");
  const Milliseconds took = SteadyClock::now() - begin;
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(pipe[0]);
  ::close(pipe[1]);
  ::waitpid(child, nullptr, 0);
  return took.count();
}

// Fires at the next worker that is ready.
class ReadyWaiter final : public phial::PoolObserver {
 public:
  phial::Deferred<void> next() {
    auto [deferred, resolver] = phial::newDeferred<void>();
    waiting_ = std::move(resolver);
    return std::move(deferred);
  }
  void workerReady(const phial::WorkerStatus&) override {
    if (waiting_) std::exchange(waiting_, std::nullopt)->callback();
  }

 private:
  std::optional<phial::Resolver<void>> waiting_;
};

phial::Deferred<double> killUntilReady(phial::ProcessPool& pool, ReadyWaiter& waiter) {
  const auto victim = pool.workers().at(0);
  auto ready = waiter.next();
  const auto begin = SteadyClock::now();
  ::kill(victim.pid, SIGKILL);
  co_await ready;
  const Milliseconds took = SteadyClock::now() - begin;
  co_return took.count();
}

void print(const char* what, const perf::Samples& samples) {
  std::printf("%-44s %9.2f %9.2f %9.2f\n", what, samples.median(), samples.p99(), samples.worst());
}

int report(const perf::Samples& spawns, const perf::Samples& restarts) {
  const double ratio = restarts.median() / spawns.median();
  std::printf("%zu of each %33s %9s %9s\n", spawns.size(), "median ms", "p99 ms", "worst ms");
  print("posix_spawn to first byte", spawns);
  print("kill -9 to replacement ready", restarts);
  std::printf("%-44s %9.2f   (load %.2f)\n", "ratio", ratio, perf::loadAverage());
  if (ratio > kRequiredRatio) std::printf("TOO SLOW: the ratio is above %.1f\n", kRequiredRatio);
  return ratio > kRequiredRatio ? 1 : 0;
}

// A niceness of its own would make the scheduler, not the pool, the difference.
phial::PoolOptions poolOptions() {
  return {.name = "restart",
          .min = 1,
          .max = 1,
          .limits = {.niceness = 0},
          .logger = std::make_shared<spdlog::logger>(
              "phial", std::make_shared<spdlog::sinks::null_sink_st>())};
}

phial::Deferred<int> run(phial::Reactor& reactor, Options options) {
  phial::ProcessPool pool(reactor, poolOptions());
  const auto waiter = std::make_shared<ReadyWaiter>();
  pool.setObserver(waiter);
  co_await pool.start();
  perf::Samples spawns;
  perf::Samples restarts;
  for (int i = 0; i < options.rounds; ++i) {
    // A worker that has served is replaced at once; one that has not looks like a crash loop.
    co_await pool.deferToProcess<perf::noOp>();
    // Blocks the loop, which has nothing else to do.
    spawns.add(spawnUntilFirstByte());
    restarts.add(co_await killUntilReady(pool, *waiter));
  }
  co_await pool.stop();
  co_return report(spawns, restarts);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && argv[1] == std::string_view(kSayHello)) return sayHello();
  phial::serveIfWorker(argc, argv);
  const Options options = parseOptions(argc, argv);
  phial::Reactor reactor;
  return phial::react(reactor, "phial_perf_restart", run(reactor, options));
}
