// Workers that the kernel's out-of-memory killer is made to seem to have ended: a real SIGKILL, and
// a counter of the test's making that rises.
#include <signal.h>

#include <fstream>

#include "master/worker/worker_process.h"
#include "pool_fixture.h"

namespace phial {
namespace {

using detail::OomFiles;
using detail::OomKills;
using detail::WorkerProcess;
using ::testing::HasSubstr;

class PoolOomTest : public PoolTest, private detail::PoolWorker::Owner {
 protected:
  PoolOomTest()
      : kills_(OomFiles{directory_ + "/none", directory_ + "/none", directory_ + "/vmstat"}) {
    count(4);
  }

  void count(int kills) { std::ofstream(directory_ + "/vmstat") << "oom_kill " << kills << "\n"; }

  WorkerProcess& startWorker() {
    ready_ = false;
    death_.reset();
    worker_ = std::make_shared<WorkerProcess>(
        WorkerProcess::Environment{*reactor_, *reactor_, options_, startCalls_, workerLog_, kills_,
                                   side_, takeMemory_, *this},
        1);
    worker_->start();
    runUntil([&] { return ready_; });
    return *worker_;
  }

  DeathCertificate death() {
    runUntil([&] { return death_.has_value(); });
    worker_.reset();
    return *death_;
  }

 private:
  void workerReady(detail::PoolWorker&) override { ready_ = true; }
  std::unique_ptr<detail::ResultReading> jobArrived(schema::JobResult::Reader) override {
    return nullptr;
  }
  void workerChanged(detail::PoolWorker&) override {}
  void jobAnswered(detail::PoolWorker&, const detail::JobAnswer&) override {}
  void jobUnwritable(std::uint64_t, Failure) override {}
  void workerAnswered(detail::PoolWorker&) override {}
  void workerGaveBack(detail::PoolWorker&, const std::vector<std::uint64_t>&) override {}
  void workerLacks(const std::string&) override {}
  void workerProgressed(std::uint64_t, double, std::string) override {}
  void workerDied(detail::PoolWorker&, DeathCertificate certificate) override {
    death_ = std::move(certificate);
  }

  const PoolOptions options_;
  const std::shared_ptr<detail::PoolLog> workerLog_ =
      std::make_shared<detail::PoolLog>(options_.name, LogFunction());
  OomKills kills_;
  const detail::StartCalls startCalls_{WorkerPreparation(), WorkerStart()};
  const detail::TakeMemory takeMemory_;
  detail::SideThread side_{std::bind_front(&Reactor::callFromThread, &*reactor_)};
  std::shared_ptr<WorkerProcess> worker_;
  bool ready_ = false;
  std::optional<DeathCertificate> death_;
};

TEST_F(PoolOomTest, ASigkillWhileTheKernelsCountRoseIsAWantOfMemory) {
  const pid_t pid = startWorker().status().pid;
  count(5);
  ASSERT_EQ(::kill(pid, SIGKILL), 0);
  const auto certificate = death();
  EXPECT_EQ(certificate.cause, DeathCause::memory);
  EXPECT_THAT(certificate.detail, HasSubstr("the kernel's out-of-memory killer ended it"));
  EXPECT_THAT(certificate.detail, HasSubstr("rose from 4 to 5"));
}

TEST_F(PoolOomTest, ASigkillWithoutThatIsACrash) {
  count(9);  // before its time
  const pid_t pid = startWorker().status().pid;
  ASSERT_EQ(::kill(pid, SIGKILL), 0);
  EXPECT_EQ(death().cause, DeathCause::crash);
}

TEST_F(PoolOomTest, AnotherSignalIsNotTheKernelsKiller) {
  const pid_t pid = startWorker().status().pid;
  count(5);
  ASSERT_EQ(::kill(pid, SIGTERM), 0);
  EXPECT_EQ(death().cause, DeathCause::crash);
}

TEST_F(PoolOomTest, AnEndByThePoolStaysThePools) {
  auto& worker = startWorker();
  count(5);
  worker.end(DeathCause::timeout, SIGKILL, "its time was up");
  const auto certificate = death();
  EXPECT_EQ(certificate.cause, DeathCause::timeout);
  EXPECT_EQ(certificate.detail, "its time was up");
}

}  // namespace
}  // namespace phial
