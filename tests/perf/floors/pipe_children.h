// The floor of a pool with many workers: forked children that sleep when a pipe tells them to, and
// a parent that does no more than hand out the jobs.
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

namespace perf {

/// Forked children, each behind two pipes of its own, at the niceness of a pool's workers. They end
/// with this object. Ends the program with a message when the system refuses something. REQUIRES:
/// made before anything that a copy of the process must not hold, such as a Reactor.
class PipeChildren {
 public:
  explicit PipeChildren(std::size_t count);
  ~PipeChildren();
  PipeChildren(const PipeChildren&) = delete;
  PipeChildren& operator=(const PipeChildren&) = delete;

  /// Runs so many jobs that sleep for `time` each, and returns when all of them are done. The first
  /// ones go to one child each, in order; every further one goes to a child that has just answered.
  void run(std::size_t jobs, std::chrono::microseconds time);

 private:
  struct Child {
    int requests;
    int replies;
  };

  void add();

  int epoll_;
  std::vector<Child> children_;
};

}  // namespace perf
