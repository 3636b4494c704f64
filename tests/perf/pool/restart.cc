// How long is a worker missing after a kill -9?
//
// From the signal until the replacement has answered the handshake. With --warm-mib the workers are
// forked from a template that has so much memory prepared. Its floor, --floor, is
// posix_spawn of this same binary until its first byte arrives through a pipe.
#include <fcntl.h>
#include <phial/master.h>
#include <phial/worker.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "tests/perf/common/burst.h"
#include "tests/perf/common/command_line.h"
#include "tests/perf/common/sample.h"
#include "tests/perf/common/samples.h"
#include "tests/perf/common/stopwatch.h"
#include "tests/perf/common/warm_state.h"

namespace {

constexpr const char* kSayHello = "--say-hello";

struct Options {
  int kills = 50;
  bool floor = false;
  std::uint64_t warmMib = 0;
};

Options parseOptions(int argc, char** argv) {
  Options options;
  CLI::App app("Measures how long a pool of one worker is without it after a kill -9.",
               "phial_perf_restart");
  perf::addCount(app, "kills", options.kills, "Kills, or spawns");
  app.add_flag("--floor", options.floor, "posix_spawn of this program to its first byte instead");
  app.add_option("--warm-mib", options.warmMib, "Fork the workers from a template with so many MiB")
      ->check(CLI::Range(0, 1 << 16))
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
  const perf::Stopwatch stopwatch;
  pid_t child = 0;
  errno = ::posix_spawn(&child, "/proc/self/exe", &actions, nullptr, arguments.data(), environ);
  if (errno != 0) die("posix_spawn");
  char byte = 0;
  if (::read(pipe[0], &byte, 1) != 1) die("read");
  const double took = stopwatch.milliseconds();
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(pipe[0]);
  ::close(pipe[1]);
  ::waitpid(child, nullptr, 0);
  return took;
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
  const perf::Stopwatch stopwatch;
  ::kill(victim.pid, SIGKILL);
  co_await std::move(ready);
  co_return stopwatch.milliseconds();
}

void print(std::string_view subject, const perf::Samples& samples) {
  perf::print({.workload = "restart",
               .subject = subject,
               .value = samples.median(),
               .unit = "ms",
               .also = {{"p99Ms", samples.p99()}, {"jobs", static_cast<double>(samples.size())}}});
}

int runFloor(const Options& options) {
  perf::Samples spawns;
  for (int i = 0; i < options.kills; ++i) spawns.add(spawnUntilFirstByte());
  print("posix_spawn to first byte", spawns);
  return 0;
}

// A niceness of its own would make the scheduler, not the pool, the difference.
phial::PoolOptions poolOptions(const Options& options) {
  return {.name = "restart",
          .min = 1,
          .max = 1,
          .limits = {.niceness = 0},
          .warm = options.warmMib > 0 ? phial::prepareWith<perf::fillMemory>(options.warmMib)
                                      : phial::WorkerPreparation(),
          .onLog = [](const phial::LogRecord&) {}};
}

phial::Deferred<int> run(phial::Reactor& reactor, Options options) {
  phial::ProcessPool pool(reactor, poolOptions(options));
  const auto waiter = std::make_shared<ReadyWaiter>();
  const auto observation = pool.observe(waiter);
  co_await pool.start();
  perf::Samples restarts;
  for (int i = 0; i < options.kills; ++i) {
    // A worker that has served is replaced at once; one that has not looks like a crash loop.
    co_await pool.deferToProcess<perf::noOp>();
    // The template has had the time to fork the next one, as it has between two deaths.
    co_await phial::deferLater(reactor, std::chrono::milliseconds(options.warmMib > 0 ? 50 : 0),
                               [] {});
    restarts.add(co_await killUntilReady(pool, *waiter));
  }
  print(options.warmMib > 0 ? "phial, warm" : "phial", restarts);
  co_await pool.stop();
  co_return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && argv[1] == std::string_view(kSayHello)) return sayHello();
  phial::serveIfWorker(argc, argv);
  const Options options = parseOptions(argc, argv);
  if (options.floor) return runFloor(options);
  phial::Reactor reactor;
  return phial::react(reactor, "phial_perf_restart", run(reactor, options));
}
