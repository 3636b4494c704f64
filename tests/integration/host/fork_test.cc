// A host that forks while it has a pool. The child's copies of reactor and pool are inert.
#include <phial/master/process.h>

#include "host_jobs.h"
#include "in_child.h"
#include "tests/integration/pool/pool_fixture.h"

namespace phial {
namespace {

using ::testing::HasSubstr;

class HostForkTest : public PoolTest {
 protected:
  void SetUp() override {
    // The job is under way when the process forks.
    makePool({.min = 2, .max = 2});
    valueOf(pool_->start());
    path_ = makeFifo("go");
    job_.emplace(pool_->deferToProcess<waitForWriter>(path_));
    runUntil([&] { return pool_->stats().running == 1; });
  }
  /// The parent's job, and others, succeed, and no worker has died.
  void expectUnharmed() {
    letGo(path_);
    EXPECT_TRUE(await(std::move(*job_)).ok());
    for (int i = 0; i < 20; ++i) EXPECT_EQ(valueOf(pool_->deferToProcess<host::addOne>(i)), i + 1);
    EXPECT_EQ(pool_->stats().deaths, 0U);
  }

  static std::string waitForWriter(const std::string& path);

  std::string path_;
  std::optional<Deferred<std::string>> job_;
};

// In the worker.
std::string HostForkTest::waitForWriter(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  ::close(fd);
  return "done";
}

TEST_F(HostForkTest, AChildThatDestroysPoolAndReactorHarmsNobody) {
  EXPECT_EQ(host::inChild([this] {
              pool_.reset();
              reactor_.reset();
              return std::string("ok");
            }),
            "ok");
  expectUnharmed();
}

TEST_F(HostForkTest, AChildDropsWatchesTimersAndProcessesOfItsParentUnharmed) {
  bool called = false;
  auto timer = reactor_->callLater(std::chrono::milliseconds(1), [&] { called = true; });
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  bool readable = false;
  auto watch = reactor_->addReader(ends[0], [&] { readable = true; });
  SpawnOptions options;
  options.executable = "/bin/sleep";
  options.args = {"1000"};
  std::optional<Process> process(reactor_->spawnProcess(options));
  EXPECT_EQ(host::inChild([&] {
              timer.cancel();
              watch.stop();
              const bool killed = process->kill(SIGKILL);
              process.reset();
              return std::string(killed ? "it has signalled the parent's child" : "ok");
            }),
            "ok");
  EXPECT_EQ(::write(ends[1], "x", 1), 1);
  runUntil([&] { return called && readable; });
  EXPECT_TRUE(process->kill(0)) << "the process lives";
  process.reset();
  watch.stop();
  ::close(ends[0]);
  ::close(ends[1]);
  expectUnharmed();
}

TEST_F(HostForkTest, EachCallOnTheCopySaysWhoseItIs) {
  const std::string seen = host::inChild([this] {
    std::string text;
    const auto say = [&](const char* what, auto deferred) {
      std::move(deferred).addErrback([&](const Failure& failure) {
        text += std::string(what) + " " + failure.type() + ": " + failure.message() + "\n";
        if constexpr (std::is_same_v<decltype(deferred), Deferred<int>>) return 0;
      });
    };
    say("job", pool_->deferToProcess<host::addOne>(1));
    say("start", pool_->start());
    say("stop", pool_->stop());
    try {
      reactor_->run();
    } catch (const std::logic_error& e) {
      text += std::string("run ") + e.what() + "\n";
    }
    return text;
  });
  const std::string whose = "belongs to process " + std::to_string(::getpid());
  for (const char* call : {"job phial::PoolStopped", "start phial::PoolStopped",
                           "stop phial::PoolStopped", "run Reactor::run"}) {
    EXPECT_THAT(seen, HasSubstr(call));
  }
  EXPECT_THAT(seen, HasSubstr(whose));
  expectUnharmed();
}

TEST_F(HostForkTest, AChildCanMakeAReactorAndAPoolOfItsOwn) {
  EXPECT_EQ(host::inChild([] {
              Reactor reactor;
              ProcessPool pool(reactor, {.min = 1, .max = 1});
              auto seen = host::show(host::await(reactor, pool.deferToProcess<host::addOne>(1)));
              host::finish(reactor, pool.stop());
              return seen;
            }),
            "ok");
  expectUnharmed();
}

}  // namespace
}  // namespace phial
