// What the pool keeps for each job that has not ended. Two parts, for a million jobs may be queued
// and few are anything else: what each has, and what is only known of one on its way.
#pragma once

#include <phial/master/clock.h>
#include <phial/master/detail/job.h>
#include <phial/master/pool_observer.h>

#include <boost/intrusive/list_hook.hpp>
#include <cstdint>
#include <memory>
#include <optional>

#include "master/pool/job_clock.h"
#include "master/pool/placement.h"
#include "master/pool/run_watch.h"
#include "master/pool/verdict.h"
#include "master/worker/pool_worker.h"

namespace phial::inline v1::detail {

/// How it has gone with a job since it was queued.
struct JobState {
  PoolWorker* worker = nullptr;  // set while running
  DelayedCall deadline;
  RunLook timeout{RunLimit::hard};
  RunLook softTimeout{RunLimit::soft};
  DelayedCall pause;  // active while it waits before it runs again
  JobClock clock;     // while running, on the pool's clock
  JobTimes times;     // but `queued`
  std::uint64_t workerNumber = 0;
  Placement placement;
  unsigned attempts = 0;
  bool mayHaveRun = false;  // in a worker that it has left
  bool kin = false;         // it is a child, or has called children: see child_jobs.h
  Strikes strikes;
};

/// A job that is queued or running.
struct JobEntry {
  Ref<Job> job;  // null: the entry is free
  TimePoint queued{};
  // From its first dispatch on, or when it has a deadline or a placement.
  std::unique_ptr<JobState> state;
  boost::intrusive::list_member_hook<> place;  // of JobQueue, linked while it waits there

  std::uint64_t id() const { return job->id; }
  PoolWorker* worker() const { return state ? state->worker : nullptr; }
  const Placement& placement() const {
    static constexpr Placement kAny;
    return state ? state->placement : kAny;
  }
};

}  // namespace phial::inline v1::detail
