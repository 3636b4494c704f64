// Hosts that inherit orphans: PID 1 of a container, or a subreaper.
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "host_jobs.h"
#include "in_child.h"
#include "tests/integration/pool/pool_fixture.h"

namespace phial {
namespace {

class HostOrphansTest : public PoolTest {
 protected:
  HostOrphansTest() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }
  ~HostOrphansTest() override { ::prctl(PR_SET_CHILD_SUBREAPER, 0); }
};

// The fixture looks for children when all is over.
TEST_F(HostOrphansTest, WhatAWorkerLeavesBehindIsReaped) {
  auto& pool = makePool({.min = 1, .max = 1, .restart = {.longestCrashPause = Duration::zero()}});
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(await(pool.deferToProcess<host::leaveOrphansAndDie>(3)).ok());
  }
  valueOf(pool.stop());
  runUntil([] { return ::waitid(P_ALL, 0, nullptr, WEXITED | WNOHANG | WNOWAIT) != 0; });
}

TEST_F(HostOrphansTest, AChildOfTheHostsOwnIsLeftToIt) {
  auto& pool = makePool({.min = 1, .max = 1});
  const pid_t own = ::fork();
  if (own == 0) ::_exit(7);
  EXPECT_FALSE(await(pool.deferToProcess<host::leaveOrphansAndDie>(3)).ok());
  valueOf(pool.stop());
  passTurns();
  int status = 0;
  EXPECT_EQ(::waitpid(own, &status, 0), own);
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

// With a /proc of its own, as a container has.
std::string asPidOne(const std::function<std::string()>& f) {
  static constexpr const char* kNone = "no namespaces";
  return host::inChild([&]() -> std::string {
    if (::unshare(CLONE_NEWPID | CLONE_NEWNS) != 0) return kNone;
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return kNone;
    return host::inChild([&]() -> std::string {
      return ::mount("proc", "/proc", "proc", 0, nullptr) == 0 ? f() : kNone;
    });
  });
}

TEST(HostPidOneTest, ReapsWhatItsWorkersLeaveBehind) {
  const std::string seen = asPidOne([]() -> std::string {
    std::string text = "pid " + std::to_string(::getpid());
    {
      Reactor reactor;
      ProcessPool pool(reactor, {.min = 1,
                                 .max = 2,
                                 .restart = {.longestCrashPause = Duration::zero()},
                                 .onLog = [](const LogRecord&) {}});
      for (int i = 0; i < 5; ++i) {
        const auto crash = host::await(reactor, pool.deferToProcess<host::leaveOrphansAndDie>(3));
        text += crash.ok() ? " lived" : " died";
      }
      text += " " + host::show(host::await(reactor, pool.deferToProcess<host::addOne>(1)));
      host::finish(reactor, pool.stop());
    }
    const bool none = ::waitid(P_ALL, 0, nullptr, WEXITED | WNOHANG | WNOWAIT) != 0;
    return text + (none ? ", no child left" : ", children left");
  });
  if (seen == "no namespaces") GTEST_SKIP() << "namespaces are not to be had here";
  EXPECT_EQ(seen, "pid 1 died died died died died ok, no child left");
}

}  // namespace
}  // namespace phial
