// Where a job is to run. A job has a placement from its submission to its end.
#pragma once

#include <cstdint>

namespace phial::inline v1::detail {

struct Placement {
  enum class At : std::uint8_t {
    any,     ///< whichever worker is free first
    fresh,   ///< a worker that has served nobody, and is retired afterwards
    worker,  ///< one worker, and no other when that one dies
  };

  At at = At::any;
  std::uint64_t worker = 0;  ///< its number, with At::worker
  std::uint64_t lease = 0;   ///< the lease that the job belongs to; 0: none

  bool bound() const { return at == At::worker; }
};

}  // namespace phial::inline v1::detail
