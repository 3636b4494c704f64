// The jobs that have arrived and not yet run, in order, by the call that brought them.
//
// A call is answered when its last job has ended. The result of a lone job goes into the answer.
// The results of a larger batch lie in shared memory as soon as their jobs have ended. A result
// that finds no room there ends its batch: the answer brings it, and the master has the other jobs
// back.
#pragma once

#include <kj/async.h>
#include <phial/protocol/failure.h>
#include <phial/protocol/file_lane.h>
#include <phial/protocol/function_table.h>
#include <phial/protocol/probes.h>
#include <phial/protocol/progress_board.h>
#include <phial/schema/worker.capnp.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "worker/method_call.h"

namespace phial::inline v1::detail {

/// How one job ended, still as a C++ value.
struct FinishedJob {
  using Outcome = std::variant<std::unique_ptr<PreparedCall>, std::unique_ptr<MethodCall>, Failure>;

  std::uint64_t id = 0;
  Outcome outcome;
  std::int64_t startedNanoseconds = 0;  // 0: its function was not entered
  std::uint64_t runNanoseconds = 0;
  bool timed =
      false;  // the time before and after the function is wanted; encode() measures its own
  std::uint64_t decodeNanoseconds = 0;
  std::optional<ProgressReport> progress;  // its last report
  std::uint64_t words = 0;                 // what measure() has found

  /// Notes that the function has ended, if it was entered.
  void ended(std::int64_t nanoseconds) {
    if (startedNanoseconds == 0) return;
    runNanoseconds = static_cast<std::uint64_t>(nanoseconds - startedNanoseconds);
    PHIAL_PROBE2(end, id, runNanoseconds);
  }

  /// Sets `words` to an upper bound of the words that a message with its JobResult needs. Call it
  /// when the fields above are final.
  void measure();
  /// True if only the answer of a batch can bring it, because it holds capabilities.
  bool needsAnswer() const;
  /// Writes it, what it encloses to `files` at once. A result that cannot be written becomes a
  /// failure that says why. Within BorrowedBytes the message may refer to the result, which must
  /// stay until it has been sent.
  void encode(schema::JobResult::Builder to, FileLane& files) const;

 private:
  void write(schema::JobResult::Builder to, FileLane& files) const;
};

/// One run call of the master.
class Batch {
 public:
  using Context = capnp::CallContext<schema::Worker::RunParams, schema::Worker::RunResults>;

  Batch(Context context, kj::Own<kj::PromiseFulfiller<void>> done)
      : context_(kj::mv(context)), done_(kj::mv(done)), jobs_(context_.getParams().getJobs()) {}

  unsigned size() const { return jobs_.size(); }
  schema::Job::Reader job(unsigned index) const { return jobs_[index]; }
  /// Gives the memory of the arguments back. REQUIRES: no job will be read any more.
  void releaseArguments() { context_.releaseParams(); }
  /// The answer brings this result. The jobs after this one are not run.
  void endWith(FinishedJob job) { result_ = std::move(job); }
  /// Writes the answer and sends it. The answer refers to a large result: the batch must stay until
  /// it has been sent.
  void answer(FileLane& files);

 private:
  Context context_;
  kj::Own<kj::PromiseFulfiller<void>> done_;
  // Kept: each time that it is asked for, a list counts towards the limit of what may be read.
  const capnp::List<schema::Job>::Reader jobs_;
  std::optional<FinishedJob> result_;
};

/// First in, first out, over batches.
class BatchQueue {
 public:
  struct Next {
    Batch& batch;
    unsigned index;
    unsigned slot;
    bool alone;  ///< the only job of its batch
    bool last;   ///< no job of this batch comes after it
  };

  /// Appends a call that has at least one job.
  void push(std::unique_ptr<Batch> batch) { batches_.push_back(std::move(batch)); }
  bool empty() const { return batches_.empty(); }
  /// The job to run now. REQUIRES: not empty().
  Next next();
  /// Takes the first batch off the queue. REQUIRES: next() has returned a job of it.
  std::unique_ptr<Batch> pop();

 private:
  std::deque<std::unique_ptr<Batch>> batches_;
  unsigned index_ = 0;
};

}  // namespace phial::inline v1::detail
