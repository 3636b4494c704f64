// The pool's conductor with workers that are no processes: each event is told by the test, and time
// stands still unless the test moves it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/master/errors.h>

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "master/pool/pool_core.h"
#include "tests/support/fake_worker.h"
#include "tests/support/lone_job.h"

namespace phial::detail {

class ConductorTest : public ::testing::Test {
 protected:
  explicit ConductorTest(PoolOptions options = {.min = 1, .max = 2}) : options_(options) {
    options_.onLog = [](const LogRecord&) {};
  }
  ~ConductorTest() override {
    const PoolStats stats = pool().stats();
    EXPECT_EQ(stats.submitted,
              stats.succeeded + stats.failed + stats.cancelled + stats.queued + stats.running);
    core_->close();
    for (const auto& end : ends_) EXPECT_TRUE(end.has_value()) << "a job has not settled";
  }

  PoolCore& pool() {
    if (!core_) {
      core_ = std::make_shared<PoolCore>(
          reactor_, options_, clock_, [this](PoolWorker::Owner& owner, std::uint64_t number) {
            workers_.push_back(std::make_shared<FakeWorker>(owner, world_, number));
            return workers_.back();
          });
    }
    return *core_;
  }

  /// Submits a job and returns its number, from 0.
  std::size_t submit(JobOptions options = {}, const FunctionName& function = kSomeFunction) {
    const auto given = Ref(new CallOptions(MapOptions{.job = std::move(options)}));
    Ref<TypedJob<void>> job(new TypedJob<void>(pool().newTicket(), given, function, {}));
    const std::size_t number = ends_.size();
    ends_.emplace_back();
    deferreds_.push_back(deferredOf(job).addBoth(
        [this, number](Outcome<void> outcome) { ends_[number].emplace(std::move(outcome)); }));
    pool().submit(std::move(job));
    return number;
  }
  void submitMany(std::size_t jobs) {
    for (std::size_t i = 0; i < jobs; ++i) submit();
  }
  bool settled(std::size_t job) const { return ends_[job].has_value(); }
  bool succeeded(std::size_t job) const { return settled(job) && ends_[job]->ok(); }
  const Failure& failure(std::size_t job) const { return ends_[job]->failure(); }

  /// Lets the loop do what it has put off, processes to start included. On a slow machine the pool
  /// may put off any delivery: its time in a turn of the loop is over.
  void turn(int turns = 4) {
    for (int i = 0; i < turns; ++i) {
      reactor_.callLater(Duration::zero(), [this] { reactor_.stop(); });
      reactor_.run();
    }
  }
  void advance(Duration time) {
    clock_.advance(time);
    turn();
  }
  /// The worker of this number, from 1.
  FakeWorker& worker(std::size_t number) { return *workers_.at(number - 1); }
  /// Starts the pool, and lets all workers that it wants get ready.
  void startWorkers() {
    pool().start().addErrback([](const Failure&) {});
    readyAll();
  }
  void readyAll() {
    turn();
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      if (workers_[i]->state() == WorkerState::starting) workers_[i]->getReady();
    }
    turn();
  }
  /// The pool knows from here on that jobs of the function are short.
  void learnThatJobsAreShort() {
    submit();
    for (auto& each : workers_) each->answerAll();
    turn();
  }

  PoolOptions options_;
  Reactor reactor_;
  ManualClock clock_;
  FakeWorker::World world_{clock_};
  std::vector<std::shared_ptr<FakeWorker>> workers_;
  std::deque<std::optional<Outcome<void>>> ends_;
  std::deque<Deferred<void>> deferreds_;
  std::shared_ptr<PoolCore> core_;
};

}  // namespace phial::detail
