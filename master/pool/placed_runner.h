// Submits jobs to a pool for one of its workers.
//
// It stands in front of PoolCore and stamps the placement on each job; all else it passes on. The
// pool may end first: the core then calls detach(), and nothing is passed on any more.
//
// Thread rule: the loop's.
#pragma once

#include <phial/master/detail/runner.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "master/pool/placement.h"

namespace phial::inline v1::detail {

class PoolCore;

class PlacedRunner : public Runner {
 public:
  /// `core` is borrowed until detach().
  PlacedRunner(PoolCore& core, const Placement& placement) : core_(&core), placement_(placement) {}

  Job::Ticket newTicket() override;
  void submit(Ref<Job> job) override;
  void refuse(Ref<Job> job, Failure reason) override;
  std::shared_ptr<std::byte> takeMemory(std::size_t bytes) override;

  std::size_t capacity() const override { return 1; }
  bool hasTimeout() const override;
  bool hasRoom() const override;
  Deferred<void> whenRoom() override;
  Deferred<void> nextTurn() override;
  Deferred<void> soon() override;
  Deferred<void> later() override;
  bool closed() const override;

  std::optional<Failure> enter(const char* call) const override;
  Deferred<void> start() override;
  Deferred<void> stop(StopOptions options) override;
  Deferred<void> whenBelow(std::size_t jobs) override;
  PoolStats stats() const override;
  Observation observe(std::shared_ptr<PoolObserver> observer) override;
  Clock& clock() const override;

  /// The pool has ended.
  void detach() { core_ = nullptr; }

 protected:
  /// Null once the pool has ended.
  PoolCore* core() const { return core_; }
  void place(Ref<Job> job);

 private:
  PoolCore* core_;
  const Placement placement_;
};

}  // namespace phial::inline v1::detail
