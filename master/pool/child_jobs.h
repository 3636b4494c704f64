// Which job is whose child: the calls that jobs make into their own pool, and the jobs that wait.
//
//   worker: call ---> submit ---> a ChildJob in the queue, before all jobs that are no children
//   worker: await --> waits ----> the worker's place is lent (Roster::setWaits); what was sent
//                                 behind the waiting job is taken back
//   a child ends ---> ended ----> the books know; if its parent waits for no other, the place is
//                                 the parent's again, in this very turn
//                     delivered > the worker is answered, and told that the wait is over
//   the parent ends > ended ----> its children are orphans, and are cancelled in this turn
//
// A child belongs to one run of its parent: when a job is to run again, the children of the run
// that has died are cancelled.
//
// Thread rule: the loop's. Calls no user code.
#pragma once

#include <phial/master/deferred_handle.h>
#include <phial/master/outcome.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "master/pool/crew.h"
#include "master/pool/dispatcher.h"
#include "master/pool/job_books.h"
#include "master/pool/pool_context.h"
#include "master/worker/child_call.h"

namespace phial::inline v1::detail {

class PoolCore;

class ChildJobs final : public JobBooks::Kin {
 public:
  /// All are borrowed. `core` runs the children.
  ChildJobs(PoolCore& core, const PoolContext& context, JobBooks& books, Crew& crew,
            Dispatcher& dispatcher);
  ChildJobs(const ChildJobs&) = delete;
  ChildJobs& operator=(const ChildJobs&) = delete;

  // What workers report. For the books only.

  /// A job that `worker` runs makes a call.
  void submit(const PoolWorker& worker, const std::shared_ptr<ChildCall>& call);
  /// The worker has taken back this call of this job.
  void tookBack(std::uint64_t job, std::uint64_t number);
  /// A job waits; null: the job of this worker does not wait any more.
  void waits(PoolWorker& worker, const JobWait* wait);

  /// Cancels the children whose parents have ended.
  void cancelOrphans();

  // JobBooks::Kin
  void ended(JobEntry& entry, bool succeeded) override;
  void leftWorker(JobEntry& entry) override;

 private:
  struct Child {
    DeferredHandle handle;
    bool ended = false;
    bool failed = false;
  };
  // The children of one job, and its wait.
  struct Family {
    std::uint64_t worker = 0;
    std::map<std::uint64_t, Child> children;  // by the worker's number, until they are delivered
    std::optional<JobWait> wait;
  };
  struct Birth {
    std::uint64_t parent;
    std::uint64_t number;
  };

  Family& familyOf(JobEntry& parent, const PoolWorker& worker);
  void delivered(std::uint64_t child, ChildCall& call, const Outcome<void>& outcome);
  static bool anyLeft(const Family& family);
  static bool anyRuns(const Family& family);
  void endWait(Family& family);
  void lend(std::uint64_t worker, WaitsFor what, std::uint64_t job);
  void takeBack(std::uint64_t worker);
  void orphan(std::uint64_t parent);

  PoolCore& core_;
  const PoolContext context_;
  JobBooks& books_;
  Crew& crew_;
  Dispatcher& dispatcher_;
  std::map<std::uint64_t, Family> families_;      // by the parent
  std::map<std::uint64_t, Birth> births_;         // by the child
  std::map<std::uint64_t, std::uint64_t> waits_;  // jobs that wait, by their worker
  std::vector<DeferredHandle> orphans_;
};

}  // namespace phial::inline v1::detail
