// What is decided and not yet told: jobs and waits whose outcome the pool has booked.
//
// User code runs when they are told, and may do anything to the pool. So decisions are put here
// while the pool is at work, and told when it is done.
#pragma once

#include <phial/master/deferred.h>
#include <phial/master/detail/job.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>

namespace phial::inline v1::detail {

/// What observers are to be told, in one part or several.
class Notice : public Counted {
 public:
  /// Whether all has been told.
  virtual bool done() const = 0;
  /// Tells the next part. Calls user code; throws nothing. REQUIRES: !done().
  virtual void tellNext() = 0;
};

class SettlementQueue {
 public:
  /// `job` has accepted its result.
  void succeed(Ref<Job> job) { queue_.push_back({std::move(job), {}, {}, {}}); }
  void fail(Ref<Job> job, Failure failure) {
    queue_.push_back({std::move(job), {}, std::move(failure), {}});
  }
  void succeed(Resolver<void> wait) { queue_.push_back({{}, std::move(wait), {}, {}}); }
  void fail(Resolver<void> wait, Failure failure) {
    queue_.push_back({{}, std::move(wait), std::move(failure), {}});
  }

  /// For an observer; throws nothing.
  void notify(std::function<void()> call);
  /// For observers. What is added to the notice before it is told is told with it.
  void notify(Ref<Notice> notice) { queue_.push_back({{}, {}, {}, std::move(notice)}); }

  bool empty() const { return queue_.empty(); }
  /// Tells the oldest, or the next part of it. Calls user code. REQUIRES: not empty().
  void deliverNext();

 private:
  struct Settlement {
    Ref<Job> job;
    std::optional<Resolver<void>> wait;
    std::optional<Failure> failure;
    Ref<Notice> notice;
  };

  std::deque<Settlement> queue_;
};

}  // namespace phial::inline v1::detail
