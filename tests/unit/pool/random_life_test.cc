#include <phial/master/lease.h>

#include <random>

#include "tests/unit/pool/conductor_fixture.h"

namespace phial::detail {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Lives at random: whatever the workers do, every job settles once and the books balance.

class RandomLifeTest : public ConductorTest, public ::testing::WithParamInterface<unsigned> {
 protected:
  RandomLifeTest() : ConductorTest({.min = 1, .max = 5}), random_(GetParam()) {
    options_.maxQueue = 60;
    options_.maxIdle = seconds(5);
    options_.recycleAfter = GetParam() % 3 == 0 ? 7 : 0;
  }

  unsigned pick(unsigned n) { return static_cast<unsigned>(random_() % n); }

  void act(FakeWorker& worker) {
    switch (worker.state()) {
      case WorkerState::starting:
        return pick(6) == 0 ? worker.failToStart() : worker.getReady();
      case WorkerState::idle:
        if (worker.toldToEndLease() != 0) return worker.endLeaseNow();
        if (pick(20) == 0) worker.crash();
        return;
      case WorkerState::busy:
        return actBusy(worker);
      case WorkerState::ending:
        return worker.finishEnding();
    }
  }
  void actBusy(FakeWorker& worker) {
    switch (pick(10)) {
      case 0:
        return worker.crash();
      case 1:
        return worker.beginNext();
      case 2:
        return worker.answerAll();
      case 3:
        return worker.refuseToGiveUp();
      case 4:
        worker.running = milliseconds(pick(3));
        return;
      default:
        worker.answerNext();
        return worker.answerEmptied();
    }
  }

  JobOptions someOptions() {
    JobOptions options;
    if (pick(4) == 0) options.priority = static_cast<int>(pick(3)) - 1;
    if (pick(4) == 0) options.timeout = seconds(1 + pick(5));
    if (pick(6) == 0) options.softTimeout = seconds(1 + pick(5));
    if (pick(6) == 0) options.deadline = clock_.now() + seconds(pick(20));
    options.rerun = static_cast<Rerun>(pick(3));
    options.freshWorker = pick(10) == 0;
    return options;
  }
  void useLeases() {
    if (pick(20) == 0) {
      pool()
          .lease({.after = pick(2) == 0 ? After::reuse : After::retire})
          .addCallback([this](Lease lease) { leases_.push_back(std::move(lease)); })
          .addErrback([](const Failure&) {});
    }
    if (leases_.empty()) return;
    Lease& lease = leases_[pick(static_cast<unsigned>(leases_.size()))];
    if (pick(6) == 0) {
      std::swap(lease, leases_.back());
      return leases_.pop_back();
    }
    if (pick(20) == 0) lease.release();
    const std::size_t number = ends_.size();
    ends_.emplace_back();
    JobOptions options = someOptions();
    options.freshWorker = false;
    deferreds_.push_back(lease.with(std::move(options))
                             .deferToProcess<void>("some")
                             .addBoth([this, number](Outcome<void> outcome) {
                               ends_[number].emplace(std::move(outcome));
                             }));
  }
  void checkBooks() {
    const PoolStats stats = pool().stats();
    ASSERT_EQ(stats.submitted,
              stats.succeeded + stats.failed + stats.cancelled + stats.queued + stats.running);
    ASSERT_EQ(stats.submitted, ends_.size());
    std::size_t settled = 0;
    for (const auto& end : ends_) settled += end ? 1U : 0U;
    ASSERT_LE(settled, stats.succeeded + stats.failed + stats.cancelled);
  }
  std::vector<std::size_t> liveWorkers() {
    std::vector<std::size_t> numbers;
    for (const auto& status : pool().workers()) numbers.push_back(status.number);
    return numbers;
  }

  std::mt19937 random_;
  std::vector<Lease> leases_;
};

TEST_P(RandomLifeTest, EveryJobSettlesOnceAndTheBooksBalance) {
  for (int step = 0; step < 4000; ++step) {
    switch (pick(6)) {
      case 0:
      case 1:
        submit(someOptions());
        break;
      case 2:
        if (!deferreds_.empty()) {
          deferreds_[pick(static_cast<unsigned>(deferreds_.size()))].cancel();
        }
        break;
      case 3:
        if (pick(3) == 0) advance(milliseconds(pick(2000)));
        break;
      default: {
        const auto live = liveWorkers();
        if (!live.empty()) act(worker(live[pick(static_cast<unsigned>(live.size()))]));
      }
    }
    if (pick(4) == 0) useLeases();
    if (pick(200) == 0) pool().reload().addErrback([](const Failure&) {});
    if (pick(200) == 0) {
      pool().resize(pick(2), 1 + pick(6)).addErrback([](const Failure&) {});
    }
    if (pick(3) == 0) turn(1);
    checkBooks();
    if (HasFatalFailure()) return;
  }
  bool stopped = false;
  auto stop = pool().stop({.drainQueue = pick(2) == 0, .within = seconds(20)}).addBoth([&](auto&&) {
    stopped = true;
  });
  for (int step = 0; step < 20'000 && !stopped; ++step) {
    const auto live = liveWorkers();
    if (!live.empty()) act(worker(live[pick(static_cast<unsigned>(live.size()))]));
    if (pick(10) == 0) advance(milliseconds(pick(500)));
    turn(1);
  }
  EXPECT_TRUE(stopped);
  EXPECT_EQ(pool().stats().queued + pool().stats().running, 0U);
  EXPECT_EQ(pool().stats().leased, 0U);
  for (const Lease& lease : leases_) EXPECT_TRUE(lease.over());
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomLifeTest, ::testing::Range(0U, 40U));

}  // namespace
}  // namespace phial::detail
