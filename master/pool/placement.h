// Where a job is to run. A job has a placement from its submission to its end.
#pragma once

#include <cstdint>

namespace phial::inline v1::detail {

struct Placement {
  enum class At : std::uint8_t {
    any,     ///< whichever worker is free first
    fresh,   ///< a worker that has served nobody, and is retired afterwards
    worker,  ///< one worker, and no other when that one dies
    child,   ///< as any, before all jobs that are no children, the deepest first
  };

  At at = At::any;
  std::uint64_t worker = 0;  ///< its number, with At::worker
  std::uint64_t lease = 0;   ///< the lease that the job belongs to; 0: none
  std::uint32_t depth = 0;   ///< with At::child: 1 for a child of a job that is none, and so on

  bool bound() const { return at == At::worker; }
};

}  // namespace phial::inline v1::detail
