#include "stress.h"

#include <fstream>
#include <sstream>

#include "tests/support/scratch_folder.h"

namespace {

using testing::HasSubstr;

TEST(StressTest, EveryJobSucceedsWhenNothingIsDoneToTheWorkers) {
  const Ended ended = stress(
      {"--jobs", "2000", "--kill-every", "0", "--timeout", "1h", "--workers", "2", "--json"});
  expectProven(ended);
  EXPECT_EQ(numberIn(ended.out, "submitted"), 2000U);
  EXPECT_EQ(numberIn(ended.out, "succeeded"), 2000U);
  EXPECT_EQ(numberIn(ended.out, "restarts"), 0U);
  EXPECT_EQ(numberIn(ended.out, "signalsSent"), 0U);
}

TEST(StressTest, ReplacesWorkersThatAreKilledFromOutside) {
  const Ended ended =
      stress({"--duration", "2s", "--kill-every", "5ms", "--workers", "3", "--json"});
  expectProven(ended);
  EXPECT_GT(numberIn(ended.out, "signalsSent"), 0U);
  EXPECT_GT(numberIn(ended.out, "restarts"), 0U);
  EXPECT_GT(numberIn(ended.out, "deaths"), 0U);
}

// ThreadSanitizer has a thread of its own in each process: no worker can be forked from a template.
#ifndef __SANITIZE_THREAD__
TEST(StressTest, LosesNothingWhenWorkersAndTheirTemplateAreKilled) {
  const Ended ended =
      stress({"--warm", "--duration", "3s", "--kill-every", "20ms", "--workers", "3", "--json"});
  expectProven(ended);
  EXPECT_GT(numberIn(ended.out, "restarts"), 0U);
  EXPECT_EQ(numberIn(ended.out, "wrong"), 0U);
}
#endif

TEST(StressTest, LosesNoCallOnAnInterfaceWhenWorkersAreKilled) {
  const Ended ended = stress({"--interface", "--duration", "3s", "--kill-every", "5ms", "--workers",
                              "3", "--cancel-every", "10", "--json"});
  expectProven(ended);
  EXPECT_GT(numberIn(ended.out, "deaths"), 0U);
  EXPECT_EQ(numberIn(ended.out, "wrong"), 0U);
}

TEST(StressTest, CountsWhatItsCallersCancel) {
  const Ended ended = stress({"--jobs", "3000", "--cancel-every", "2", "--kill-every", "20ms",
                              "--workers", "2", "--json"});
  expectProven(ended);
  EXPECT_GT(numberIn(ended.out, "cancelled"), 0U);
}

TEST(StressTest, RecyclesWorkers) {
  const Ended ended = stress({"--jobs", "40", "--kill-every", "0", "--timeout", "1h", "--workers",
                              "2", "--recycle-after", "1", "--json"});
  expectProven(ended);
  EXPECT_EQ(numberIn(ended.out, "succeeded"), 40U);
  EXPECT_GT(numberIn(ended.out, "recycled"), 30U);
}

TEST(StressTest, TheReportHasTheKeysThatProgramsRead) {
  const Ended ended = stress({"--jobs", "100", "--json"});
  expectProven(ended);
  for (const char* key : {"submitted",    "succeeded",      "failed",        "failedByCause",
                          "cancelled",    "rerun",          "lost",          "settledTwice",
                          "wrong",        "brokenObjects",  "restarts",      "restartMsP50",
                          "restartMsP99", "restartMsMax",   "deaths",        "recycled",
                          "signalsSent",  "fdsBefore",      "fdsAfter",      "zombies",
                          "childrenLeft", "rssBytesBefore", "rssBytesAfter", "series",
                          "seconds",      "seed",           "end",           "ok",
                          "objections"}) {
    EXPECT_THAT(ended.out, HasSubstr("\"" + std::string(key) + "\":"));
  }
  EXPECT_EQ(linesOf(ended.out).size(), 1U);
}

TEST(StressTest, TheReportForAPersonEndsWithAVerdict) {
  const Ended ended = stress({"--jobs", "100", "--seed", "42"});
  EXPECT_EQ(ended.status, 0) << ended.out << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("seed 42"));
  EXPECT_THAT(ended.out, HasSubstr("restarts"));
  EXPECT_THAT(linesOf(ended.out).back(), HasSubstr("OK"));
}

TEST(StressTest, TheSeedDecidesWhichJobsSabotage) {
  const auto failures = [](const char* seed) {
    return numberIn(stress({"--jobs", "500", "--faults", "sigkill", "--fault-every", "20",
                            "--timeout", "1h", "--seed", seed, "--json"})
                        .out,
                    "failed");
  };
  const auto first = failures("7");
  EXPECT_GT(first, 0U);
  EXPECT_EQ(first, failures("7"));
}

TEST(StressTest, ShowsThePoolsLogWhenAskedTo) {
  const Ended ended = stress({"--jobs", "100", "--faults", "abort", "--fault-every", "10",
                              "--timeout", "1h", "--verbose", "--json"});
  expectProven(ended);
  EXPECT_THAT(ended.err, HasSubstr("killed by SIGABRT"));
}

TEST(StressTest, ShowsItsPoolAsMetricsAndAsATrace) {
  const ScratchFolder folder;
  const std::string trace = folder.path("trace.json");
  const Ended ended = stress({"--jobs", "500", "--kill-every", "0", "--timeout", "1h", "--workers",
                              "1", "--metrics", "-", "--trace", trace});
  if (ended.err.find("without phial::service") != std::string::npos) {
    GTEST_SKIP() << "the command was built without phial::service";
  }
  EXPECT_EQ(ended.status, 0) << ended.out << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("phial_worker_starts_total{pool=\"stress\"} 1\n"));
  std::ostringstream text;
  text << std::ifstream(trace).rdbuf();
  EXPECT_THAT(text.str(), testing::EndsWith("\n]\n"));
  const Ended failed = stress({"--jobs", "10", "--metrics", folder.path("none/metrics")});
  EXPECT_EQ(failed.status, 1);
  EXPECT_THAT(failed.err, HasSubstr("cannot write the metrics"));
}

}  // namespace
