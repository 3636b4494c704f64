// Nothing outlives a master that is killed by SIGKILL: no worker, whatever it does, and no process
// that a worker has started.
#include <phial/master/process.h>
#include <signal.h>
#include <sys/prctl.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "doomed_master.h"
#include "pool_fixture.h"

namespace phial {

void runDoomedMaster() {
  using jobs::Hanging;
  const std::string path = std::getenv(kDoomedMasterVariable);
  // Other threads go at another moment than the one that has spawned the workers.
  std::thread other([] { ::pause(); });
  Reactor reactor;
  ProcessPool pool(reactor, {.min = kDoomedWorkers, .max = kDoomedWorkers});
  for (const Hanging how :
       {Hanging::computing, Hanging::ignoringTerm, Hanging::blockingSignals, Hanging::stopped}) {
    (void)pool.deferToProcess<jobs::forkAndHang>(how, path).addErrback([](const Failure& failure) {
      std::fprintf(stderr, "%s\n", failure.message().c_str());
      std::abort();
    });
  }
  reactor.run();
}

namespace {

class PoolOrphanTest : public PoolTest {
 protected:
  // Orphans become children of this process, which can then wait for them.
  PoolOrphanTest() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }
  ~PoolOrphanTest() override { ::prctl(PR_SET_CHILD_SUBREAPER, 0); }

  static std::vector<pid_t> numbersIn(const std::string& path) {
    std::ifstream file(path);
    std::vector<pid_t> numbers;
    for (pid_t number = 0; file >> number;) numbers.push_back(number);
    return numbers;
  }
};

TEST_F(PoolOrphanTest, WorkersAndTheirDescendantsDieWithAMasterThatIsKilled) {
  const std::string path = directory_ + "/numbers";
  SpawnOptions options;
  options.executable = "/proc/self/exe";
  options.environment.changes[kDoomedMasterVariable] = path;
  options.descriptors = {{2, InheritedFd{2}}};
  Process master = reactor_->spawnProcess(options);
  runUntil([&] { return numbersIn(path).size() == 2 * kDoomedWorkers; });
  master.kill(SIGKILL);
  runUntil([&] { return master.status().has_value(); });
  for (const pid_t orphan : numbersIn(path)) {
    int status = 0;
    // A descendant is not ours to wait for before its worker has gone.
    runUntil([&] { return ::waitpid(orphan, &status, WNOHANG) == orphan; });
    EXPECT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), SIGKILL);
  }
}

TEST_F(PoolOrphanTest, DescendantsDieWithTheirWorker) {
  const std::string path = directory_ + "/numbers";
  auto& pool = makePool({.min = 0, .max = 1});
  auto job = pool.deferToProcess<jobs::forkAndHang>(jobs::Hanging::ignoringTerm, path);
  runUntil([&] { return numbersIn(path).size() == 2; });
  ASSERT_EQ(::kill(numbersIn(path)[1], SIGKILL), 0);
  EXPECT_TRUE(failureOf(std::move(job)).check<WorkerDied>());
  // This process is its reaper, and the pool reaps what is left of a worker's group.
  runUntil([&] { return ::kill(numbersIn(path)[0], 0) != 0; });
}

}  // namespace
}  // namespace phial
