// What a TestPool does: the books of its jobs, and their end by the test's word.
//
// The rules of every pool hold: each job settles once, the ledger adds up, and user code is called
// last, with the books in order. Here "from the loop" means: from deliver(), which every public
// call of the test's ends with, and which the clock calls too.
#pragma once

#include <phial/master/detail/runner.h>
#include <phial/testing.h>

#include <map>
#include <memory>
#include <utility>

#include "master/pool/event_batch.h"
#include "master/pool/job_queue.h"
#include "master/pool/ledger.h"
#include "master/pool/observers.h"
#include "master/pool/queue_waiters.h"
#include "master/pool/settlement_queue.h"
#include "master/pool/verdict.h"

namespace phial::inline v1::testing {

class TestPool::Core final : public detail::Runner,
                             public std::enable_shared_from_this<TestPool::Core>,
                             private detail::Job::Owner {
 public:
  Core(Clock& clock, TestPoolOptions options);

  FunctionTable& functions() { return functions_; }
  std::size_t pending() const { return jobs_.size(); }
  std::vector<PendingJob> jobs() const;
  bool runNext();
  void answerNext(const std::function<void(ValueWriter)>& write);
  void emitNext(const std::function<void(ValueWriter)>& write);
  void failNext(Failure failure);
  void killNext(DeathCertificate certificate);
  /// Tells what is decided. Calls user code.
  void deliver();
  void close();

  // Runner
  detail::Job::Ticket newTicket() override { return {*this, ++lastJob_}; }
  void submit(detail::Ref<detail::Job> job) override;
  void refuse(detail::Ref<detail::Job> job, Failure reason) override;
  std::shared_ptr<std::byte> takeMemory(std::size_t bytes) override;
  std::size_t capacity() const override { return options_.workers; }
  bool hasTimeout() const override { return false; }
  bool hasRoom() const override {
    return options_.maxQueue == 0 || jobs_.size() < options_.maxQueue;
  }
  Deferred<void> whenRoom() override { return whenBelow(options_.maxQueue); }
  Deferred<void> nextTurn() override { return soon(); }
  Deferred<void> soon() override;
  Deferred<void> later() override { return soon(); }
  bool closed() const override { return closed_; }
  std::optional<Failure> enter(const char*) const override { return std::nullopt; }
  Deferred<void> start() override;
  Deferred<void> stop(StopOptions options) override;
  Deferred<void> whenBelow(std::size_t jobs) override;
  PoolStats stats() const override;
  Observation observe(std::shared_ptr<PoolObserver> observer) override {
    return observers_.add(std::move(observer));
  }
  Clock& clock() const override { return clock_; }

 private:
  using Column = detail::Ledger::Column;
  // By falling priority, then by age; a job that runs again goes before its equals.
  using Place = std::pair<int, std::int64_t>;
  struct Entry {
    detail::Ref<detail::Job> job;
    TimePoint queued;
    DelayedCall deadline;
    unsigned attempts = 0;
    detail::Strikes strikes;
  };
  class Running;
  /// A job as it was when something happened to it.
  struct Told {
    detail::Ref<detail::Job> job;
    TimePoint queued;
    unsigned attempts;
  };

  bool cancel(std::uint64_t id) override;
  std::optional<Failure> objection(const detail::Job& job) const;
  Entry takeNext();
  std::optional<Failure> run(Entry& entry);
  static Failure asReported(Failure failure);
  void finish(Entry entry, std::optional<Failure> failure);
  void give(Entry entry, Failure failure);
  void settle(const Told& told, Column column, const std::optional<Failure>& failure);
  std::map<Place, Entry>::iterator find(std::uint64_t id);
  Entry remove(std::map<Place, Entry>::iterator place);
  void expire(std::uint64_t id);
  void failAll(const Failure& reason);
  void deliverSoon();
  static Told told(const Entry& entry) { return {entry.job, entry.queued, entry.attempts}; }
  detail::Ref<detail::EventBatch> event(JobEvent::Kind kind, const Told& told,
                                        JobOutcome outcome = JobOutcome::pending,
                                        std::optional<TimePoint> settled = std::nullopt);
  void tell(JobEvent::Kind kind, const Entry& entry);
  JobReport reportOf(const Entry& entry) const;

  Clock& clock_;
  const TestPoolOptions options_;
  FunctionTable functions_;
  const std::shared_ptr<detail::PoolLog> log_;
  detail::Observers observers_;
  detail::SettlementQueue settlements_;
  detail::QueueWaiters waiters_;
  detail::Ledger ledger_;
  std::map<Place, Entry> jobs_;            // that wait
  std::map<std::uint64_t, Told> running_;  // those whose function is being run
  std::vector<Resolver<void>> stoppers_;
  DelayedCall deliverTimer_;
  DelayedCall stopTimer_;
  std::uint64_t lastJob_ = 0;
  std::int64_t lastPlace_ = 0;
  std::int64_t firstPlace_ = 0;
  std::uint64_t reruns_ = 0;
  std::uint64_t deaths_ = 0;  // each is that of the next worker
  bool stopping_ = false;
  bool closed_ = false;
};

}  // namespace phial::inline v1::testing
