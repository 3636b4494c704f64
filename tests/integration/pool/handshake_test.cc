// Workers that answer the handshake with what it is not.
#include <phial/protocol/worker_contract.h>
#include <phial/schema/worker.capnp.h>
#include <signal.h>
#include <sys/wait.h>

#include <optional>
#include <set>
#include <string>

#include "startup_fixture.h"

namespace phial {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

using PoolHandshakeTest = PoolStartupTest;

TEST_F(PoolHandshakeTest, AnExceptionOfOnStartReachesTheCaller) {
  const Failure failure = startupFailureOf({child("failing_start")});
  EXPECT_THAT(failure.describe(), HasSubstr("its onStart threw std::runtime_error: no licence"));
}

TEST_F(PoolHandshakeTest, AReasonThatIsReadAfterTheExitIsNotLost) {
  auto& pool = makePoolOf({child("failing_start")});
  std::optional<Failure> failure;
  pool.start().addErrback([&](const Failure& f) { failure = f; });
  std::set<pid_t> greeted;
  runUntil([&] {
    for (const auto& worker : pool.workers()) {
      // At first sight the loop has yet to send the handshake. At the second it stands still until
      // the worker has answered and exited, and then finds both at once.
      if (worker.pid == 0 || greeted.insert(worker.pid).second) continue;
      siginfo_t info;
      ::waitid(P_PID, static_cast<id_t>(worker.pid), &info, WEXITED | WNOWAIT);
    }
    if (!failure && pool.stats().workers == 0) clock_.advance(seconds(1));
    return failure.has_value();
  });
  EXPECT_TRUE(failure->check<StartupFailed>());
  EXPECT_THAT(failure->describe(), HasSubstr("no licence"));
}

TEST_F(PoolHandshakeTest, AWorkerOfAnotherBuildIsRefusedWithBothBuilds) {
  const Failure failure = startupFailureOf({child("other_build"), "build"});
  EXPECT_THAT(failure.describe(), HasSubstr("\"phial 0.0.7 schema of yore\""));
  EXPECT_THAT(failure.describe(), HasSubstr("\"" + std::string(buildId()) + "\""));
}

TEST_F(PoolHandshakeTest, AWorkerOfAnotherProtocolIsRefusedWithBothVersions) {
  const Failure failure = startupFailureOf({child("other_build"), "version"});
  EXPECT_THAT(failure.describe(),
              HasSubstr("it speaks protocol version 4711, this program speaks " +
                        std::to_string(schema::PROTOCOL_VERSION)));
}

TEST_F(PoolHandshakeTest, AWorkerThatRefusesTheHandshakeIsQuoted) {
  const Failure failure = startupFailureOf({child("other_build"), "error"});
  EXPECT_THAT(failure.describe(), HasSubstr("I would rather not"));
}

TEST_F(PoolHandshakeTest, AHandshakeThatCannotBeReadFailsTheStart) {
  const Failure failure = startupFailureOf({child("other_build"), "malformed"});
  EXPECT_THAT(failure.describe(), HasSubstr("its handshake cannot be read"));
}

TEST_F(PoolHandshakeTest, GarbageInsteadOfTheHandshakeFailsTheStart) {
  const Failure failure =
      startupFailureOf({"/bin/sh", "-c", "printf 'Welcome to the shell' >&4; exec sleep 1000"});
  EXPECT_THAT(failure.describe(), HasSubstr("it did not get ready"));
  EXPECT_THAT(failure.describe(), HasSubstr("segment"));
}

TEST_F(PoolHandshakeTest, GarbageAsLastWordsIsReportedToo) {
  const Failure failure = startupFailureOf({"/bin/sh", "-c", "printf 'Welcome to the shell' >&4"});
  EXPECT_THAT(failure.describe(), HasSubstr("segment"));
}

}  // namespace
}  // namespace phial
