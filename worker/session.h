// The objects that the jobs of one lease share: currentJob().session<S>().
//
// A worker serves at most one lease at a time. The objects are made in jobs, on first use, and
// destroyed between jobs: when the master says that the lease is over, when a job of another lease
// comes, and when the worker ends in order. Constructors and destructors are the program's code.
//
// Thread rule: the thread that runs the jobs.
#pragma once

#include <phial/protocol/current_job.h>

#include <cstdint>
#include <vector>

namespace phial::inline v1::detail {

class Session {
 public:
  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// The object of this type, a new one if the lease has none. Throws what its constructor throws.
  void* of(std::uint64_t lease, const SessionType& type);
  /// Destroys all objects, the last one first. A destructor that throws is a line on stderr.
  void end() noexcept;

 private:
  struct Object {
    SessionType type;
    void* object;
  };

  std::uint64_t lease_ = 0;
  std::vector<Object> objects_;  // in the order in which they were made
};

}  // namespace phial::inline v1::detail
