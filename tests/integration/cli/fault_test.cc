// Each fault, by a job of the command's own workers: its jobs fail with the right cause, the others
// succeed, and the ledger is proven.
#include "stress.h"

namespace {

using testing::ContainsRegex;

struct Case {
  const char* fault;
  const char* cause;  // as a regular expression
};

class StressFaultTest : public testing::TestWithParam<Case> {};

TEST_P(StressFaultTest, FailsItsOwnJobsAndLosesNone) {
  const Ended ended =
      stress({"--workers", "2", "--jobs", "300", "--faults", GetParam().fault, "--fault-every",
              "30", "--timeout", "300ms", "--seed", "3", "--json"});
  expectProven(ended);
  EXPECT_GT(numberIn(ended.out, "failed"), 0U);
  EXPECT_GT(numberIn(ended.out, "succeeded"), 200U) << ended.out;
  EXPECT_GT(numberIn(ended.out, "deaths"), 0U);
  EXPECT_THAT(ended.out, ContainsRegex(GetParam().cause));
}

// What had begun to write half a message and is gone may be judged by either; see death_test.cc.
INSTANTIATE_TEST_SUITE_P(
    All, StressFaultTest,
    testing::Values(Case{"sigkill", "WorkerDied, killed by SIGKILL"},
                    Case{"sigsegv", "WorkerDied, killed by SIGSEGV"},
                    Case{"abort", "WorkerDied, killed by SIGABRT"},
                    Case{"exit", "WorkerDied, exited with status 1"},
                    Case{"exit-zero", "WorkerDied, exited with status 0"},
                    Case{"oom", "WorkerDied, (killed by SIGABRT|exited with status)|JobTimedOut"},
                    Case{"hang", "JobTimedOut"}, Case{"stop", "JobTimedOut"},
                    Case{"close-pipe", "ProtocolError|JobTimedOut"},
                    Case{"half-frame", "ProtocolError|WorkerDied, exited with status 1"},
                    Case{"garbage", "ProtocolError"}, Case{"ignore-term", "JobTimedOut"},
                    Case{"grandchild", "WorkerDied, killed by SIGKILL"}),
    [](const auto& one) {
      std::string name = one.param.fault;
      std::erase(name, '-');
      return name;
    });

TEST(StressFaultsTest, JobsThatUseAllThatTheyMayHarmNoOther) {
  const Ended ended = stress(
      {"--workers", "3", "--jobs", "600", "--faults",
       "progress-flood,log-flood,alarm,fork-return,fork-exit,fork-exec,surroundings,thread,heed",
       "--fault-every", "4", "--cancel-every", "10", "--timeout", "30s", "--json"});
  expectProven(ended);
  EXPECT_GT(numberIn(ended.out, "succeeded"), 400U);
  EXPECT_EQ(numberIn(ended.out, "wrong"), 0U);
}

TEST(StressFaultsTest, AClosedDescriptorCostsItsWorkerAndNoOtherJob) {
  const Ended ended = stress({"--workers", "2", "--jobs", "300", "--faults", "close-fd",
                              "--fault-every", "30", "--timeout", "30s", "--json"});
  expectProven(ended);
  EXPECT_GT(numberIn(ended.out, "deaths"), 0U);
  EXPECT_GT(numberIn(ended.out, "succeeded"), 285U);
}

TEST(StressFaultsTest, AllAtOnceAndKillsFromOutside) {
  const Ended ended = stress({"--workers", "3", "--jobs", "1000", "--faults", "all",
                              "--fault-every", "25", "--kill-every", "50ms", "--timeout", "200ms",
                              "--recycle-after", "50", "--cancel-every", "30", "--json"});
  expectProven(ended);
  EXPECT_GT(numberIn(ended.out, "failed"), 0U);
}

}  // namespace
