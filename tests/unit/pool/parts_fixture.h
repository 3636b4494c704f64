// What the parts of a pool need to be tested alone: jobs, and workers without processes whose
// reports nobody hears.
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

#include "master/pool/job_books.h"
#include "master/pool/pool_context.h"
#include "tests/support/fake_worker.h"
#include "tests/support/lone_job.h"

namespace phial::detail {

/// Hears the reports of workers and does nothing.
class DeafOwner : public PoolWorker::Owner {
 public:
  void workerReady(PoolWorker&) override {}
  void workerChanged(PoolWorker&) override {}
  std::unique_ptr<ResultReading> jobArrived(schema::JobResult::Reader) override { return nullptr; }
  void jobAnswered(PoolWorker&, const JobAnswer&) override {}
  void workerAnswered(PoolWorker&) override {}
  void workerGaveBack(PoolWorker&, const std::vector<std::uint64_t>&) override {}
  void workerLacks(const std::string&) override {}
  void workerProgressed(std::uint64_t, double, std::string) override {}
  void jobUnwritable(std::uint64_t, Failure) override {}
  void workerDied(PoolWorker&, DeathCertificate) override {}
};

class PartsTest : public ::testing::Test {
 protected:
  /// Checks the ledger's sum after each test.
  void TearDown() override {
    const Ledger& ledger = books_.ledger();
    const auto in = [&](Ledger::Column column) { return ledger[column]; };
    EXPECT_EQ(ledger.submitted(), in(Ledger::Column::queued) + in(Ledger::Column::running) +
                                      in(Ledger::Column::succeeded) + in(Ledger::Column::failed) +
                                      in(Ledger::Column::cancelled));
    books_.failAll(Failure(PoolStopped("the test has ended")));
    deliverAll();
  }

  /// A job whose end is noted in ends_, by its number.
  Ref<Job> job(JobOptions options = {}, const FunctionName& function = kSomeFunction) {
    const auto given = Ref(new CallOptions(MapOptions{.job = std::move(options)}));
    const std::uint64_t id = ends_.size() + 1;
    Ref<TypedJob<void>> job(new TypedJob<void>({jobOwner_, id}, given, function, {}));
    job->outcome.emplace();
    ends_.emplace_back();
    deferredOf(job).addBoth(
        [this, id](Outcome<void> outcome) { ends_[id - 1].emplace(std::move(outcome)); });
    return job;
  }
  JobEntry& enter(JobOptions options = {}, const FunctionName& function = kSomeFunction) {
    return books_.enter(job(std::move(options), function), reactor_.now());
  }
  /// Books the job as sent to the worker.
  void send(JobEntry& entry, FakeWorker& worker) {
    books_.takeForWorker(entry);
    Outgoing outgoing{entry.job.get(), 0, 0};
    worker.run({&outgoing, 1}, Duration::max());
    books_.dispatched(entry, worker, {clock_.now(), reactor_.now()});
  }
  JobEntry& enterAndSend(FakeWorker& worker, JobOptions options = {}) {
    JobEntry& entry = enter(std::move(options));
    send(entry, worker);
    return entry;
  }
  /// Books the job as cancelled, as when its caller has cancelled its Deferred.
  void cancel(JobEntry& entry) {
    const Ref<Job> job = entry.job;
    books_.cancel(entry);
    job->refuse(Failure(CancelledError()));
  }
  void deliverAll() {
    while (!settlements_.empty()) settlements_.deliverNext();
  }
  bool settled(std::uint64_t id) const { return ends_.at(id - 1).has_value(); }
  bool succeeded(std::uint64_t id) const { return settled(id) && ends_.at(id - 1)->ok(); }
  const Failure& failure(std::uint64_t id) const { return ends_.at(id - 1)->failure(); }

  Reactor reactor_;
  ManualClock clock_;
  PoolOptions options_{.name = "parts", .onLog = [](const LogRecord&) {}};
  NotingOwner jobOwner_;
  DeafOwner workerOwner_;
  FakeWorker::World world_{clock_};
  std::deque<std::optional<Outcome<void>>> ends_;
  SettlementQueue settlements_;
  PoolReporter reporter_{reactor_, settlements_,
                         std::make_shared<PoolLog>(options_.name, options_.onLog), [] {}};
  JobBooks books_{options_.name, settlements_, reporter_};
  int finished_ = 0;  // how often a part has had the pending work finished
  PendingWork pending_{reactor_, [this] { ++finished_; }};
  const PoolContext context_{reactor_, clock_, options_, reporter_, pending_};
};

}  // namespace phial::detail
