// Hosts that change their user, or live in namespaces.
#include <grp.h>
#include <sched.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "host_jobs.h"
#include "in_child.h"
#include "tests/integration/pool/pool_fixture.h"

namespace phial {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr uid_t kNobody = 65534;

bool becomeNobody() {
  return ::setgroups(0, nullptr) == 0 && ::setgid(kNobody) == 0 && ::setuid(kNobody) == 0;
}

class HostUserTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "changing the user needs root";
  }
};

// The workers of before belong to root, whom nobody may not signal.
TEST_F(HostUserTest, AWorkerThatCannotBeSignalledIsEndedByItsLifeline) {
  const std::string seen = host::inChild([]() -> std::string {
    Reactor reactor;
    ProcessPool pool(reactor, {.min = 2, .max = 2, .grace = milliseconds(300)});
    host::finish(reactor, pool.start());
    const auto workers = pool.workers();
    if (!becomeNobody()) return "cannot become nobody";
    auto job = pool.with(JobOptions{.timeout = milliseconds(50)}).deferToProcess<host::hang>();
    const auto hung = host::show(host::await(reactor, std::move(job)));
    const auto after = host::show(host::await(reactor, pool.deferToProcess<host::addOne>(1)));
    auto left = pool.deferToProcess<host::hang>();
    const auto stopped = host::show(host::await(reactor, pool.stop({.within = Duration::zero()})));
    const bool gone = std::ranges::all_of(workers, [](const WorkerStatus& worker) {
      return ::kill(worker.pid, 0) != 0 && errno == ESRCH;  // not EPERM
    });
    return hung + "\n" + after + "\n" + stopped + "\n" + (left.called() ? "failed" : "pending") +
           (gone ? ", gone" : ", left alive");
  });
  EXPECT_THAT(seen, StartsWith("phial::JobTimedOut"));
  EXPECT_THAT(seen, HasSubstr("\nok\nok\nfailed, gone"));
}

TEST_F(HostUserTest, OneThatCannotBeEndedAtAllHoldsNobodyUp) {
  const std::string seen = host::inChild([]() -> std::string {
    Reactor reactor;
    std::string text;
    {
      ProcessPool pool(reactor, {.min = 1, .max = 1, .grace = milliseconds(20)});
      host::finish(reactor, pool.start());
      const auto pid = pool.workers().front().pid;
      if (!becomeNobody()) return "cannot become nobody";
      auto job = pool.with(JobOptions{.timeout = milliseconds(20)})
                     .deferToProcess<host::dropLifelineAndHang>();
      text = host::show(host::await(reactor, std::move(job)));
      text += "\n" + host::show(host::await(reactor, pool.deferToProcess<host::addOne>(1)));
      text += "\n" + host::show(host::await(reactor, pool.stop()));
      text += "\n" + std::to_string(pid);
    }
    return text;
  });
  EXPECT_THAT(seen, StartsWith("phial::JobTimedOut"));
  EXPECT_THAT(seen, HasSubstr("\nok\nok\n"));
  // Root's again.
  const auto pid = static_cast<pid_t>(std::stol(seen.substr(seen.rfind('\n') + 1)));
  EXPECT_EQ(::kill(pid, SIGKILL), 0);
}

TEST_F(HostUserTest, WorkersRunAsTheUserThatThePoolNames) {
  const std::string seen = host::inChild([]() -> std::string {
    Reactor reactor;
    ProcessPool pool(reactor, {.uid = kNobody, .gid = kNobody, .min = 1, .max = 1});
    const auto user = host::await(reactor, pool.deferToProcess<host::myUser>());
    const auto hung = host::show(host::await(
        reactor, pool.with(JobOptions{.timeout = milliseconds(20)}).deferToProcess<host::hang>()));
    host::finish(reactor, pool.stop());
    if (!user.ok()) return host::show(user);
    return std::to_string(user.value()) + " " + std::to_string(::getuid()) + " " + hung;
  });
  EXPECT_THAT(seen, StartsWith("65534 0 phial::JobTimedOut"));
}

TEST_F(HostUserTest, AUserThatTheHostMayNotGiveIsAnErrorThatNamesTheStep) {
  const std::string seen = host::inChild([]() -> std::string {
    if (!becomeNobody()) return "cannot become nobody";
    Reactor reactor;
    ProcessPool pool(reactor, {.uid = 0, .min = 1, .max = 1});
    return host::show(host::await(reactor, pool.deferToProcess<host::myUser>()));
  });
  EXPECT_THAT(seen, StartsWith("phial::StartupFailed"));
  EXPECT_THAT(seen, HasSubstr("setgroups"));
}

TEST_F(HostUserTest, WorkersStartInAPidNamespaceOfTheirOwn) {
  const std::string seen = host::inChild([]() -> std::string {
    if (::unshare(CLONE_NEWPID) != 0) return "no namespaces";
    Reactor reactor;
    ProcessPool pool(reactor, {.min = 2, .max = 2});
    const auto started = host::show(host::await(reactor, pool.start()));
    const auto job = host::show(host::await(reactor, pool.deferToProcess<host::addOne>(1)));
    host::finish(reactor, pool.stop());
    return started + " " + job;
  });
  if (seen == "no namespaces") GTEST_SKIP() << "PID namespaces are not to be had here";
  EXPECT_EQ(seen, "ok ok");
}

}  // namespace
}  // namespace phial
