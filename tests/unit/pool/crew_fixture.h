// The crew of a pool that has no jobs: workers without processes, and what the pool is said to have
// to do.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "master/pool/crew.h"
#include "tests/unit/pool/parts_fixture.h"

namespace phial::detail {

class CrewFixture : public PartsTest {
 protected:
  /// Tells the crew what the workers report.
  class Reporting final : public DeafOwner {
   public:
    explicit Reporting(CrewFixture& test) : test_(test) {}
    void workerReady(PoolWorker& worker) override { test_.crew().ready(worker, test_.demand_); }
    void workerChanged(PoolWorker& worker) override { test_.crew().changed(worker); }
    void workerDied(PoolWorker& worker, DeathCertificate death) override {
      test_.noneGetsReady_ = test_.crew().died(worker, death);
    }

   private:
    CrewFixture& test_;
  };

  Crew& crew() {
    if (!crew_) {
      crew_.emplace(
          context_, owner_,
          [this](PoolWorker::Owner& owner, std::uint64_t number) {
            workers_.push_back(std::make_shared<FakeWorker>(owner, world_, number));
            return workers_.back();
          },
          [this] { fill(); });
    }
    return *crew_;
  }
  void fill() { failure_ = crew().fill(demand_); }
  void turn() {
    reactor_.callLater(Duration::zero(), [this] { reactor_.stop(); });
    reactor_.run();
  }
  /// Starts as many workers as are wanted.
  void fillUp() {
    fill();
    for (int i = 0; i < 4; ++i) turn();
  }
  void fillUpReady() {
    fillUp();
    for (auto& worker : workers_) {
      if (worker->state() == WorkerState::starting) worker->getReady();
    }
  }
  /// The worker of this number, from 1.
  FakeWorker& worker(std::size_t number) { return *workers_.at(number - 1); }

  Reporting owner_{*this};
  Staffing::Demand demand_{.waiting = 2};
  std::vector<std::shared_ptr<FakeWorker>> workers_;
  std::optional<Failure> failure_;  // of the last fill()
  bool noneGetsReady_ = false;      // by the last death
  std::optional<Crew> crew_;
};

}  // namespace phial::detail
