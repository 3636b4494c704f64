// What Phial's own functions that run as jobs, such as chunk.h's, know of the job they are part of.
//
// They are instantiated in the user's program, which may be a master alone, and so cannot call the
// worker's currentJob(). The worker's runtime provides a scope while it runs a job; elsewhere there
// is none.
//
// Thread rule: the thread that runs the job.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace phial::detail {

class JobScope {
 public:
  JobScope(const JobScope&) = delete;
  JobScope& operator=(const JobScope&) = delete;

  /// As CurrentJob::cancelled. Costs one load.
  virtual bool cancelled() const = 0;
  /// Where the latest exception of this job was thrown, one frame a line; may be empty.
  virtual std::string latestThrow() const = 0;
  /// Notes which element of its range the job is at, or that it is at none, for the certificate of
  /// a death. Costs one store.
  virtual void atElement(std::optional<std::uint64_t> index) = 0;
  /// Notes when the next element was begun, for its time limit. Costs a look at the clock.
  /// REQUIRES: atElement() of that element follows.
  virtual void startElement() = 0;

  /// The job of this thread; null where none runs.
  static JobScope* ofThisThread();

 protected:
  /// Is ofThisThread() until it is destroyed.
  JobScope();
  ~JobScope();
};

}  // namespace phial::detail
