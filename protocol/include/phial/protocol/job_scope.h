// What Phial's own functions that run as jobs, such as those of chunk.h, know about their job.
//
// These functions are instantiated in the user's program, which may be only a master, so they
// cannot call the worker's currentJob(). The worker's runtime provides a scope while it runs a job;
// elsewhere there is none.
//
// Thread rule: the thread that runs the job.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

class ItemGate;

class JobScope {
 public:
  JobScope(const JobScope&) = delete;
  JobScope& operator=(const JobScope&) = delete;

  /// As CurrentJob::cancelled. Costs one load.
  virtual bool cancelled() const = 0;
  /// Where the latest exception of this job was thrown, one frame a line; may be empty.
  virtual std::string latestThrow() const = 0;
  /// Notes the element of its range that the job is at, or that it is at none, for the certificate
  /// of a death. Costs one store.
  virtual void atElement(std::optional<std::uint64_t> index) = 0;
  /// Notes the time at which the next element is begun, for its time limit. Costs one reading of
  /// the clock. REQUIRES: atElement() of this element follows.
  virtual void startElement() = 0;
  /// Takes the items that the job emits; null when the job was not called as a stream.
  virtual std::shared_ptr<ItemGate> items() { return nullptr; }

  /// The scope of the job on this thread; null when no job runs here.
  static JobScope* ofThisThread();

 protected:
  /// Makes this object ofThisThread() until it is destroyed.
  JobScope();
  ~JobScope();
};

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
