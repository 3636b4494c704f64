// Hosts behind a seccomp filter, as a hardened systemd unit has it: what the program did not ask
// for may be refused.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <cstddef>
#include <vector>

#include "host_jobs.h"
#include "in_child.h"
#include "tests/integration/pool/pool_fixture.h"

namespace phial {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// From now on these calls fail with EPERM, here and in what is started from here.
bool refuse(const std::vector<unsigned>& calls) {
  std::vector<sock_filter> program{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  for (const unsigned call : calls) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

// systemd's @resources, as far as there is something of it here.
const std::vector<unsigned> kResources{
    SYS_setpriority,        SYS_sched_setattr, SYS_sched_setaffinity, SYS_sched_setparam,
    SYS_sched_setscheduler, SYS_ioprio_set,    SYS_setrlimit,         SYS_mbind};

std::string jobBehind(const std::vector<unsigned>& calls, Limits limits, bool sharedArray = false) {
  return host::inChild([&]() -> std::string {
    if (!refuse(calls)) return "no filter";
    Reactor reactor;
    ProcessPool pool(reactor, {.min = 1, .max = 1, .limits = std::move(limits)});
    auto seen = host::show(host::await(reactor, pool.deferToProcess<host::addOne>(1)));
    if (sharedArray) {
      const SharedArray<int> array(3);
      seen += "\n" + host::show(host::await(reactor, pool.deferToProcess<host::sizeOf>(array)));
    }
    host::finish(reactor, pool.stop());
    return seen;
  });
}

TEST(HostFilterTest, WorkersGoWithoutADefaultThatTheSystemRefuses) {
  EXPECT_EQ(jobBehind(kResources, {}), "ok");
}

TEST(HostFilterTest, ARefusedNicenessThatWasAskedForIsAnErrorThatNamesIt) {
  const auto seen = jobBehind(kResources, {.niceness = 5});
  EXPECT_THAT(seen, StartsWith("phial::StartupFailed"));
  EXPECT_THAT(seen, HasSubstr("nice"));
}

TEST(HostFilterTest, WithoutSocketsOnlySharedArraysFail) {
  const auto seen = jobBehind({SYS_socketpair}, {}, true);
  EXPECT_THAT(seen, StartsWith("ok\nphial::EncodingError"));
  EXPECT_THAT(seen, HasSubstr("shared arrays"));
}

// LimitFSIZE=, LimitCORE=, LimitNOFILE=, NoNewPrivileges= and SystemCallFilter=~@resources at once.
TEST(HostFilterTest, AHardenedUnitRunsJobs) {
  const std::string seen = host::inChild([]() -> std::string {
    const auto limit = [](__rlimit_resource resource, rlim_t most) {
      const rlimit both{most, most};
      return ::setrlimit(resource, &both) == 0;
    };
    if (!limit(RLIMIT_FSIZE, 1 << 20) || !limit(RLIMIT_CORE, 0) || !limit(RLIMIT_NOFILE, 128) ||
        !refuse(kResources)) {
      return "no limits";
    }
    Reactor reactor;
    ProcessPool pool(reactor, {.min = 2, .max = 2});
    std::string text;
    for (int i = 0; i < 20; ++i) {
      const auto job = host::await(reactor, pool.deferToProcess<host::addOne>(i));
      if (!job.ok()) text += host::show(job) + "\n";
    }
    host::finish(reactor, pool.stop());
    return text + "stopped";
  });
  EXPECT_EQ(seen, "stopped");
}

}  // namespace
}  // namespace phial
