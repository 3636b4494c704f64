// A large result that is read beside the loop, and what may happen meanwhile.
#include <gmock/gmock.h>
#include <signal.h>

#include <atomic>
#include <string>
#include <vector>

#include "arena_jobs.h"
#include "master/worker/worker_process.h"
#include "pool_fixture.h"
#include "tests/support/lone_job.h"
#include "tests/support/process_stat.h"
#include "tests/support/turnstile.h"

namespace phial {
namespace {

using detail::ResultReading;
using detail::WorkerProcess;
using ::testing::ElementsAre;

/// Takes as long as the test likes.
class HeldReading final : public ResultReading {
 public:
  HeldReading(const std::atomic<bool>& held, std::atomic<int>& slices)
      : held_(held), slices_(slices) {}

 private:
  bool readPiece(std::size_t) override {
    ++slices_;
    return !held_;
  }

  const std::atomic<bool>& held_;
  std::atomic<int>& slices_;
};

class ReadingTest : public PoolTest, private detail::PoolWorker::Owner {
 protected:
  ReadingTest()
      : worker_(std::make_shared<WorkerProcess>(
            WorkerProcess::Environment{*reactor_, *reactor_, options_, startCalls_, workerLog_,
                                       kills_, side_, takeMemory_, *this},
            1)) {
    worker_->start();
    runUntil([&] { return ready_; });
  }
  void TearDown() override {
    worker_->abandon();
    worker_.reset();
    PoolTest::TearDown();
  }

  /// Sends a job and waits until its result is being read.
  void sendAndAwaitReading() {
    send(new detail::TypedJob<int, int, int>({owner_, 1}, {}, kAdd, {3, 4}));
    runUntil([&] { return slices_ > 0; });
  }

  /// Sends a job of which the result comes through shared memory, and waits until it lies there.
  void sendForLargeResult() {
    constexpr std::size_t kWords = 200'000;
    send(new detail::TypedJob<jobs::Words, jobs::Words>({owner_, 1}, {}, kSendBack,
                                                        {jobs::someWords(kWords)}));
    runUntil(
        [&] { return worker_->jobReturned(1) && statOf(worker_->status().pid)->state == 'S'; });
    passTurns();
  }

  void send(detail::Job* job) {
    job_ = detail::Ref(job);
    std::vector<detail::Outgoing> outgoing;
    outgoing.push_back({job_.get(), worker_->find(job_->function()), job_->argumentWords()});
    worker_->run(outgoing, Duration::max());
  }

  std::atomic<bool> held_ = true;
  std::atomic<int> slices_ = 0;
  std::vector<std::string> heard_;
  const PoolOptions options_;
  const std::shared_ptr<detail::PoolLog> workerLog_ =
      std::make_shared<detail::PoolLog>(options_.name, LogFunction());
  detail::OomKills kills_;
  const detail::StartCalls startCalls_{WorkerPreparation(), WorkerStart()};
  const detail::TakeMemory takeMemory_;
  detail::SideThread side_{std::bind_front(&Reactor::callFromThread, &*reactor_)};
  std::shared_ptr<WorkerProcess> worker_;

 private:
  void workerReady(detail::PoolWorker&) override { ready_ = true; }
  std::unique_ptr<ResultReading> jobArrived(schema::JobResult::Reader) override {
    return std::make_unique<HeldReading>(held_, slices_);
  }
  void workerChanged(detail::PoolWorker&) override {}
  void jobAnswered(detail::PoolWorker&, const detail::JobAnswer& answer) override {
    heard_.push_back(answer.reading != nullptr ? "read" : "unread");
  }
  void jobUnwritable(std::uint64_t, Failure) override { heard_.push_back("unwritable"); }
  void workerAnswered(detail::PoolWorker&) override { heard_.push_back("answered"); }
  void workerGaveBack(detail::PoolWorker&, const std::vector<std::uint64_t>&) override {}
  void workerLacks(const std::string&) override {}
  void workerProgressed(std::uint64_t, double, std::string) override {}
  void workerDied(detail::PoolWorker&, DeathCertificate) override { heard_.push_back("died"); }

  bool ready_ = false;
  const detail::FunctionName kAdd{functionName<jobs::add>(), {}};
  const detail::FunctionName kSendBack{functionName<jobs::sendBack>(), {}};
  detail::NotingOwner owner_;
  detail::Ref<detail::Job> job_;
};

TEST_F(ReadingTest, TheLoopGoesOnUntilItIsRead) {
  sendAndAwaitReading();
  passTurns();
  EXPECT_TRUE(heard_.empty());
  EXPECT_EQ(worker_->load().state, WorkerState::busy);
  EXPECT_EQ(worker_->load().held, 1u);
  held_ = false;
  runUntil([&] { return !heard_.empty(); });
  EXPECT_THAT(heard_, ElementsAre("read", "answered"));
  EXPECT_EQ(worker_->load().state, WorkerState::idle);
}

TEST_F(ReadingTest, AResultThatHasArrivedCountsThoughItsWorkerDies) {
  sendAndAwaitReading();
  ASSERT_EQ(::kill(worker_->status().pid, SIGKILL), 0);
  runUntil([&] { return worker_->load().state == WorkerState::ending; });
  // Longer than a dead worker is listened to otherwise.
  valueOf(deferLater(*reactor_, std::chrono::milliseconds(200), [] {}));
  EXPECT_TRUE(heard_.empty());
  held_ = false;
  runUntil([&] { return !heard_.empty() && heard_.back() == "died"; });
  EXPECT_THAT(heard_, ElementsAre("read", "answered", "died"));
}

TEST_F(ReadingTest, SoDoesOneThatIsStillBeingCopiedOutOfSharedMemory) {
  held_ = false;
  Turnstile turnstile(side_);
  sendForLargeResult();
  EXPECT_TRUE(heard_.empty());
  ASSERT_EQ(::kill(worker_->status().pid, SIGKILL), 0);
  runUntil([&] { return worker_->load().state == WorkerState::ending; });
  valueOf(deferLater(*reactor_, std::chrono::milliseconds(200), [] {}));
  EXPECT_TRUE(heard_.empty());
  turnstile.open();
  runUntil([&] { return !heard_.empty() && heard_.back() == "died"; });
  EXPECT_THAT(heard_, ElementsAre("read", "answered", "died"));
}

TEST_F(ReadingTest, NoMoreIsReadOfAResultThatNobodyWants) {
  sendAndAwaitReading();
  worker_->giveUp(1, DeathCause::cancel, "cancelled", 0);
  runUntil([&] { return !heard_.empty(); });
  EXPECT_THAT(heard_, ElementsAre("unread", "answered"));
  EXPECT_EQ(worker_->load().state, WorkerState::idle);
}

class LargeResultTest : public PoolTest {
 protected:
  static constexpr std::size_t kCount = (std::size_t{64} << 20) / sizeof(std::uint64_t);
};

TEST_F(LargeResultTest, SeveralAtATimeArriveWhole) {
  auto& pool = makePool({.min = 2, .max = 2});
  const auto words = jobs::someWords(kCount / 4);
  std::vector<Deferred<jobs::Words>> results;
  results.reserve(4);
  for (int i = 0; i < 4; ++i) results.push_back(pool.deferToProcess<jobs::sendBack>(words));
  for (auto& result : results) EXPECT_EQ(valueOf(std::move(result)), words);
}

TEST_F(LargeResultTest, ItsDeadlineMayPassWhileItIsRead) {
  auto& pool = makePool({.max = 1}, &clock_);
  valueOf(pool.start());
  const auto words = std::make_shared<const jobs::Words>(jobs::someWords(kCount));
  auto job = pool.with({.deadline = clock_.now() + std::chrono::hours(1)})
                 .deferToProcess<jobs::sendBack>(words);
  const auto timers = clock_.pending();
  // When it has arrived the pool waits for its deadline no longer.
  while (clock_.pending() >= timers) valueOf(deferLater(*reactor_, Duration::zero(), [] {}));
  EXPECT_FALSE(job.called());
  EXPECT_EQ(pool.stats().running, 1u);
  clock_.advance(std::chrono::hours(2));
  EXPECT_EQ(valueOf(std::move(job)), *words);
}

TEST_F(LargeResultTest, CancelledAtAnyMomentItHarmsNobody) {
  auto& pool = makePool({.max = 1});
  valueOf(pool.start());
  const auto words = std::make_shared<const jobs::Words>(jobs::someWords(kCount / 8));
  for (int turns = 0; turns < 200; turns += 20) {
    auto job = pool.deferToProcess<jobs::sendBack>(words);
    for (int i = 0; i < turns; ++i) valueOf(deferLater(*reactor_, Duration::zero(), [] {}));
    if (job.called()) break;
    job.cancel();
    EXPECT_TRUE(failureOf(std::move(job)).check<CancelledError>());
  }
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::sendBack>(words)), *words);
}

TEST_F(LargeResultTest, ThePoolMayBeDestroyedAtAnyMoment) {
  const auto words = std::make_shared<const jobs::Words>(jobs::someWords(kCount / 8));
  for (int turns = 0; turns < 200; turns += 40) {
    auto& pool = makePool({.max = 1});
    valueOf(pool.start());
    auto job = pool.deferToProcess<jobs::sendBack>(words);
    for (int i = 0; i < turns; ++i) valueOf(deferLater(*reactor_, Duration::zero(), [] {}));
    pool_.reset();
    auto outcome = await(std::move(job));
    EXPECT_TRUE(outcome.ok() || outcome.failure().check<PoolStopped>());
  }
}

}  // namespace
}  // namespace phial
