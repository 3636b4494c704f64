// When the next worker may be started after one has failed to serve.
//
// A worker that dies before it has answered a single job says that the next one may do the same.
// Each such death in a row doubles the pause before the next start, with jitter so that pools that
// fail together do not return together. One answered job ends the row.
#pragma once

#include <phial/master/clock.h>

#include <cstdint>
#include <random>

namespace phial::detail {

class RestartPolicy {
 public:
  /// Failures to start in a row after which waiting jobs are failed instead of kept.
  static constexpr unsigned kGiveUpAfter = 5;

  explicit RestartPolicy(std::uint64_t seed) : random_(seed) {}

  /// Notes a failure at `now`: a worker that never served.
  void failed(TimePoint now);
  /// Notes a failure that the next try will meet again, such as a missing program.
  void failedForGood(TimePoint now);
  /// Notes that a worker has answered a job.
  void served() { failures_ = 0; }

  /// When the next start is allowed.
  TimePoint nextStart() const { return nextStart_; }
  bool givenUp() const { return failures_ >= kGiveUpAfter; }

 private:
  void pause(TimePoint now);

  std::mt19937_64 random_;
  unsigned failures_ = 0;
  TimePoint nextStart_{};
};

}  // namespace phial::detail
