#include "master/cli/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace phial::cli {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

Report balanced() {
  Report report;
  report.submitted = report.pool.submitted = 10;
  report.succeeded = report.pool.succeeded = 7;
  report.failed = report.pool.failed = 2;
  report.cancelled = report.pool.cancelled = 1;
  report.failedByCause = {{"WorkerDied, killed by SIGKILL", 2}};
  report.blamedOnDeaths = 2;
  report.pool.deaths = 3;
  report.pool.spawned = 5;
  report.restarts = 3;
  report.before = report.after = {.rssBytes = 1 << 20, .descriptors = 6};
  return report;
}

TEST(ReportTest, HasNothingAgainstALedgerThatBalances) {
  EXPECT_THAT(objections(balanced()), IsEmpty());
  EXPECT_THAT(describe(balanced()), HasSubstr("OK:"));
  EXPECT_THAT(toJson(balanced()), HasSubstr("\"ok\":true"));
}

TEST(ReportTest, AJobMayBeCancelledWhenThePoolHasBookedItsEnd) {
  Report report = balanced();
  --report.succeeded;
  ++report.cancelled;
  EXPECT_THAT(objections(report), IsEmpty());
}

struct Flaw {
  const char* what;
  std::function<void(Report&)> spoil;
};

class ReportFlawTest : public testing::TestWithParam<Flaw> {};

TEST_P(ReportFlawTest, IsObjectedTo) {
  Report report = balanced();
  GetParam().spoil(report);
  EXPECT_THAT(objections(report), Contains(HasSubstr(GetParam().what)));
  EXPECT_THAT(describe(report), HasSubstr("FAILED: "));
  EXPECT_THAT(toJson(report), HasSubstr("\"ok\":false"));
}

INSTANTIATE_TEST_SUITE_P(
    All, ReportFlawTest,
    testing::Values(
        Flaw{"1 jobs were lost",
             [](Report& r) {
               --r.succeeded;
               ++r.lost;
             }},
        Flaw{"11 jobs were submitted, 10 accounted for",
             [](Report& r) { r.submitted = r.pool.submitted = 11; }},
        Flaw{"pool's own ledger does not balance", [](Report& r) { r.pool.running = 1; }},
        Flaw{"says something else", [](Report& r) { ++r.pool.failed, --r.pool.succeeded; }},
        Flaw{"settled twice", [](Report& r) { r.settledTwice = 1; }},
        Flaw{"wrong", [](Report& r) { r.wrong = 1; }},
        Flaw{"zombies", [](Report& r) { r.left.zombies = 1; }},
        Flaw{"child processes are left", [](Report& r) { r.left.strays = 1; }},
        Flaw{"1 descriptors are left", [](Report& r) { ++r.after.descriptors; }},
        Flaw{"blame 1 deaths", [](Report& r) { r.pool.deaths = 1; }},
        Flaw{"no fault of ours: phial::EncodingError",
             [](Report& r) { r.unexplained["phial::EncodingError"] = 1; }},
        Flaw{"standstill", [](Report& r) { r.end = Report::End::stalled; }},
        Flaw{"did not stop", [](Report& r) { r.troubles = {"it did not stop"}; }}));

TEST(ReportTest, JsonEscapesWhatTextMayHold) {
  Report report = balanced();
  report.failedByCause = {{"a \"b\"\n\\", 2}};
  EXPECT_THAT(toJson(report), HasSubstr(R"("a \"b\"\n\\":2)"));
}

}  // namespace
}  // namespace phial::cli
