// The job that this worker is running, as its function sees it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace phial {

/// A view of the running job. Valid while the function runs, on the worker's main thread; only
/// cancelled() may be called from other threads.
class CurrentJob {
 public:
  virtual ~CurrentJob() = default;

  /// The pool's number for this job, from 1.
  virtual std::uint64_t id() const = 0;
  /// The caller's name for it, JobOptions::label; may be empty.
  virtual std::string_view label() const = 0;
  /// True once the master wants the job to give up: it was cancelled, its deadline has passed, or
  /// its soft timeout. Costs one load. What the function returns or throws afterwards is delivered
  /// after a soft timeout only. A job that does not look is ended by signals after `grace`.
  virtual bool cancelled() const = 0;
  /// Tells the caller how far the job has come, from 0 to 1, with a note for a person. Reaches
  /// JobOptions::onProgress. Sent at once; costs a message, so call it at a person's pace.
  virtual void progress(double fraction, std::string_view note = {}) = 0;
};

/// The job that is running. Throws std::logic_error outside of a job.
CurrentJob& currentJob();

}  // namespace phial
