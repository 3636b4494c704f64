#include <signal.h>

#include <algorithm>

#include "stress.h"
#include "tests/support/process_stat.h"

namespace {

using testing::HasSubstr;

const std::vector<std::string> kEndless = {"--duration",   "1h",  "--workers", "2",
                                           "--kill-every", "5ms", "--json"};

// Waits until a worker of the program is gone and there are others: it is in the midst of it.
std::vector<pid_t> awaitRestart(const Program& program) {
  std::vector<pid_t> first;
  for (;;) {
    const auto workers = childrenOf(program.pid());
    if (first.empty()) first = workers;
    const bool all = std::all_of(first.begin(), first.end(), [&](pid_t worker) {
      return std::count(workers.begin(), workers.end(), worker) > 0;
    });
    if (!all && !workers.empty()) return workers;
  }
}

class InterruptTest : public testing::TestWithParam<int> {};

TEST_P(InterruptTest, EndsTheRunInOrderWithTheReportSoFar) {
  Program program(stressCommand(kEndless));
  awaitRestart(program);
  program.signal(GetParam());
  const Ended ended = program.wait();
  expectProven(ended);
  EXPECT_THAT(ended.out, HasSubstr("\"end\":\"interrupted\""));
  EXPECT_GT(numberIn(ended.out, "signalsSent"), 0U);
}

TEST_P(InterruptTest, EndsARunWhoseJobsHang) {
  Program program(stressCommand({"--duration", "1h", "--workers", "2", "--faults", "hang",
                                 "--fault-every", "1", "--timeout", "1h", "--json"}));
  while (childrenOf(program.pid()).size() < 2) {
  }
  program.signal(GetParam());
  const Ended ended = program.wait();
  expectProven(ended);
  EXPECT_THAT(ended.out, HasSubstr("\"end\":\"interrupted\""));
}

INSTANTIATE_TEST_SUITE_P(Signals, InterruptTest, testing::Values(SIGINT, SIGTERM),
                         [](const auto& one) { return one.param == SIGINT ? "INT" : "TERM"; });

bool isAlive(pid_t process) {
  const auto stat = statOf(process);
  return stat && stat->state != 'Z';
}

// Only ctest's timeout bounds the wait.
TEST(KilledStressTest, LeavesNoWorkerBehind) {
  Program program(stressCommand(kEndless));
  const auto workers = awaitRestart(program);
  program.signal(SIGKILL);
  for (const pid_t worker : workers) {
    while (isAlive(worker)) {
    }
  }
  EXPECT_EQ(program.wait().status, 128 + SIGKILL);
}

}  // namespace
