// Workers do not outlive a master that is killed by SIGKILL.
#include <signal.h>
#include <sys/prctl.h>

#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "doomed_master.h"
#include "pool_fixture.h"

namespace phial {

void runDoomedMaster() {
  Reactor reactor;
  ProcessPool pool(reactor, {.min = 3, .max = 3});
  // One is idle, one is deep in its work, one ignores SIGTERM.
  pool.start()
      .addCallback([&] {
        for (const auto& worker : pool.workers()) std::printf("%d\n", worker.pid);
        std::puts("end");
        std::fflush(stdout);
        (void)pool.deferToProcess<jobs::compute>().addErrback([](const Failure&) {});
        (void)pool.deferToProcess<jobs::ignoreTermAndHang>().addErrback([](const Failure&) {});
      })
      .addErrback([](const Failure& failure) {
        std::fprintf(stderr, "%s\n", failure.message().c_str());
        std::abort();
      });
  reactor.run();
}

namespace {

using PoolOrphanTest = PoolTest;

TEST_F(PoolOrphanTest, WorkersDieWithAMasterThatIsKilled) {
  // Orphans become children of this process, which can then wait for them without sleeping.
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  SpawnOptions options;
  options.executable = "/proc/self/exe";
  options.environment.changes[kDoomedMasterVariable] = "1";
  options.descriptors = {{1, PipeFromChild{}}, {2, InheritedFd{2}}};
  Process master = reactor_->spawnProcess(options);
  const auto output = master.takePipe(1);
  std::string text;
  runUntil([&] {
    std::array<char, 256> buffer{};
    const auto bytes = ::read(output.get(), buffer.data(), buffer.size());
    if (bytes > 0) text.append(buffer.data(), static_cast<std::size_t>(bytes));
    return text.find("end") != std::string::npos;
  });
  master.kill(SIGKILL);
  runUntil([&] { return master.status().has_value(); });
  std::istringstream lines(text);
  int reaped = 0;
  for (pid_t worker = 0; lines >> worker; ++reaped) {
    int status = 0;
    EXPECT_EQ(::waitpid(worker, &status, 0), worker);
    EXPECT_TRUE(WIFSIGNALED(status));
  }
  EXPECT_EQ(reaped, 3);
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
}

}  // namespace
}  // namespace phial
