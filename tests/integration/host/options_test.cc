// What a pool gives its workers: variables and a directory.
#include "host_jobs.h"
#include "tests/integration/pool/pool_fixture.h"

namespace phial {
namespace {

class HostOptionsTest : public PoolTest {};

TEST_F(HostOptionsTest, WorkersFindTheVariablesThatThePoolNames) {
  ::setenv("PHIAL_TEST_GONE", "1", 1);
  auto& pool = makePool(
      {.environment = {{"PHIAL_TEST_SET", "blue"}, {"PHIAL_TEST_GONE", {}}}, .min = 1, .max = 1});
  EXPECT_EQ(valueOf(pool.deferToProcess<host::variable>("PHIAL_TEST_SET")), "blue");
  EXPECT_EQ(valueOf(pool.deferToProcess<host::variable>("PHIAL_TEST_GONE")), "(none)");
  ::unsetenv("PHIAL_TEST_GONE");
}

TEST_F(HostOptionsTest, WorkersStartInTheDirectoryThatThePoolNames) {
  auto& pool = makePool({.directory = directory_, .min = 1, .max = 1});
  EXPECT_EQ(valueOf(pool.deferToProcess<host::myDirectory>()), directory_);
}

TEST_F(HostOptionsTest, ADirectoryThatIsMissingIsAnErrorThatNamesIt) {
  auto& pool = makePool({.directory = "/nonexistent", .min = 0, .max = 1});
  const Failure failure = failureOf(pool.deferToProcess<host::addOne>(1));
  EXPECT_THAT(failure.describe(), ::testing::HasSubstr("chdir /nonexistent"));
}

// Each is refused when the pool is made, by a text that names the option and the value.
TEST_F(HostOptionsTest, AnImpossibleValueIsRefusedByName) {
  using std::chrono::milliseconds;
  const auto objection = [this](const PoolOptions& options) -> std::string {
    try {
      const ProcessPool pool(*reactor_, options);
    } catch (const std::invalid_argument& e) {
      return e.what();
    }
    return "none";
  };
  const auto minus = [](int n) { return static_cast<std::size_t>(n); };
  const std::string nul("a\0b", 3);
  EXPECT_THAT(objection({.name = nul}), ::testing::StartsWith("PoolOptions::name is \"a\""));
  EXPECT_THAT(objection({.worker = {""}}), ::testing::StartsWith("PoolOptions::worker is \"\""));
  EXPECT_THAT(objection({.environment = {{"A=B", "1"}}}), ::testing::HasSubstr("\"A=B\""));
  EXPECT_THAT(objection({.directory = nul}), ::testing::StartsWith("PoolOptions::directory"));
  EXPECT_THAT(objection({.uid = static_cast<uid_t>(-1)}),
              ::testing::StartsWith("PoolOptions::uid is -1"));
  EXPECT_THAT(objection({.gid = static_cast<gid_t>(-1)}),
              ::testing::StartsWith("PoolOptions::gid is -1"));
  EXPECT_THAT(objection({.min = minus(-1)}), ::testing::StartsWith("PoolOptions::min is 184"));
  EXPECT_THAT(objection({.max = minus(-1)}), ::testing::StartsWith("PoolOptions::max is 184"));
  EXPECT_EQ(objection({.maxIdle = milliseconds(-5)}),
            "PoolOptions::maxIdle is -5 ms: it cannot be negative");
  EXPECT_EQ(objection({.grace = milliseconds(-5)}),
            "PoolOptions::grace is -5 ms: it cannot be negative");
  EXPECT_EQ(objection({.spin = std::chrono::nanoseconds(-5)}),
            "PoolOptions::spin is -5 ns: it cannot be negative");
  EXPECT_EQ(objection({.startTimeout = milliseconds(0)}),
            "PoolOptions::startTimeout is 0 ms, not above zero");
  EXPECT_EQ(objection({.maxMessageBytes = 0}),
            "PoolOptions::maxMessageBytes is 0: no job could be sent");
  EXPECT_THAT(objection({.arenaBytes = ~std::uint64_t{0}}),
              ::testing::StartsWith("PoolOptions::arenaBytes is 184"));
  EXPECT_EQ(
      objection({.restart = {.firstPause = milliseconds(50), .longestPause = milliseconds(9)}}),
      "RestartOptions::longestPause is 9 ms, shorter than firstPause, 50 ms");
  EXPECT_THAT(objection({.restart = {.healthySpell = milliseconds(-1)}}),
              ::testing::StartsWith("RestartOptions::healthySpell is -1 ms"));
}

}  // namespace
}  // namespace phial
