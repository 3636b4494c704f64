// Takes in the results of jobs: reads them, books the end of the job, and keeps the times.
//
// A small result is read when its job is answered. A large one is read in slices beside the loop,
// from its arrival on; its job is answered when the reading is complete. A result that cannot be
// read is its job's failure, and no reason to think less of the worker.
//
// Thread rule: the loop's. Calls no user code but codecs.
#pragma once

#include <phial/master/detail/result_reading.h>
#include <phial/master/histogram.h>
#include <phial/master/reactor.h>
#include <phial/schema/worker.capnp.h>

#include <memory>

#include "master/pool/bound_objects.h"
#include "master/pool/job_books.h"
#include "master/pool/schedule.h"

namespace phial::inline v1::detail {

class AnswerIntake {
 public:
  /// All are borrowed. `schedule` learns how long each function runs.
  AnswerIntake(Reactor& reactor, JobBooks& books, Schedule& schedule, BoundObjects& objects)
      : reactor_(reactor), books_(books), schedule_(schedule), objects_(objects) {}

  /// A result has arrived, whole. Returns the reading of a large one, otherwise null. From here on
  /// the job's time cannot be up any more: a result that is there counts, however long it takes to
  /// read it.
  std::unique_ptr<ResultReading> arrived(schema::JobResult::Reader result);
  /// Books what a worker says of a job's end. Does nothing but free what came along if the job has
  /// ended before.
  void answered(const JobAnswer& answer);

  /// Of each job that has returned: the time in its function.
  const Histogram& runTime() const { return runTime_; }

 private:
  void noteTimes(JobEntry& entry, schema::JobResult::Reader result);

  Reactor& reactor_;
  JobBooks& books_;
  Schedule& schedule_;
  BoundObjects& objects_;
  Histogram runTime_;
  TimePoint seenTime_{};  // some moment that is past: one look at the clock for a batch of results
};

}  // namespace phial::inline v1::detail
