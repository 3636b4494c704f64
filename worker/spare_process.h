// A process that has been forked from a template and waits to become a worker.
#pragma once

#include <kj/io.h>
#include <sys/types.h>

#include <cstdint>

namespace phial::inline v1::detail {

class SpareProcess {
 public:
  /// `master` is the parent of the template. `inUse` is a packet socket to the template. It is
  /// closed, after one byte, when the spare is connected, and without a byte when the spare ends
  /// before that.
  SpareProcess(pid_t master, kj::AutoCloseFd inUse) : master_(master), inUse_(kj::mv(inUse)) {}

  /// Introduces itself to the master and waits. Returns the worker's number when the master has
  /// connected it; exits when the master does not want it.
  std::uint64_t becomeWorker();

 private:
  void tieToMaster() const;
  kj::AutoCloseFd introduce() const;

  const pid_t master_;
  kj::AutoCloseFd inUse_;
};

}  // namespace phial::inline v1::detail
