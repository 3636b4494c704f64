#include "tests/perf/common/work.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "tests/perf/common/stopwatch.h"

namespace perf {
namespace {

[[noreturn]] void die(const char* call) {
  std::perror(call);
  std::exit(1);
}

[[noreturn]] void churnAndTell(int each, std::uint64_t steps, int out) {
  const Stopwatch stopwatch;
  for (int i = 0; i < each; ++i) churn(steps);
  const double seconds = stopwatch.seconds() / each;
  ::_exit(::write(out, &seconds, sizeof(seconds)) == sizeof(seconds) ? 0 : 1);
}

}  // namespace

std::uint64_t churn(std::uint64_t steps) {
  std::uint64_t state = steps;
  for (std::uint64_t i = 0; i < steps; ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    // Else the compiler may find a shorter way.
    asm volatile("" : "+r"(state));
  }
  return state;
}

std::uint64_t stepsFor(std::chrono::duration<double> time) {
  std::uint64_t steps = 1 << 20;
  double best = 1e9;
  for (int i = 0; i < 20; ++i) {
    const Stopwatch stopwatch;
    churn(steps);
    best = std::min(best, stopwatch.seconds());
  }
  return static_cast<std::uint64_t>(time.count() / best * static_cast<double>(steps));
}

double plainSecondsPerJob(int processes, int each, std::uint64_t steps) {
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) die("pipe2");
  std::vector<pid_t> children;
  for (int i = 0; i < processes; ++i) {
    const pid_t child = ::fork();
    if (child < 0) die("fork");
    if (child == 0) churnAndTell(each, steps, pipe[1]);
    children.push_back(child);
  }
  ::close(pipe[1]);
  double sum = 0;
  for (int i = 0; i < processes; ++i) {
    double seconds = 0;
    if (::read(pipe[0], &seconds, sizeof(seconds)) != sizeof(seconds)) die("read");
    sum += seconds;
  }
  ::close(pipe[0]);
  for (const pid_t child : children) ::waitpid(child, nullptr, 0);
  return sum / processes;
}

void spin(std::chrono::microseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
  }
}

void nap(std::chrono::microseconds time) { std::this_thread::sleep_for(time); }

}  // namespace perf
