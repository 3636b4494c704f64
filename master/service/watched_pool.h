// What Metrics counts of one pool, or of several that had its name one after the other.
//
// Most counters are the pool's own (PoolStats), which cost nothing while nobody asks. Only what the
// pool does not keep is counted here: how the jobs of each function ended, and why workers died.
// When the pool ends, its last counters are added up here, so that no sum ever goes down.
//
// Thread rule: the loop's.
#pragma once

#include <phial/master/death_certificate.h>
#include <phial/master/job_event.h>
#include <phial/master/pool.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "master/service/function_counts.h"

namespace phial::inline v1::detail {

class WatchedPool final : public BatchObserver {
 public:
  static constexpr std::size_t kCauses = static_cast<std::size_t>(DeathCause::killed) + 1;

  explicit WatchedPool(std::size_t maxFunctions) : functions_(maxFunctions) {}

  /// Goes on with this pool, which is borrowed until poolEnded().
  void begin(Pool& pool) { pool_ = &pool; }
  bool ended() const { return pool_ == nullptr; }

  /// The pool's gauges, all zero when it has ended, with the counters and histograms of all pools
  /// that had the name.
  PoolStats stats() const;
  const FunctionCounts& functions() const { return functions_; }
  const std::array<std::uint64_t, kCauses>& deaths() const { return deaths_; }

  // BatchObserver
  bool wants(JobEvent::Kind kind) const override { return kind == JobEvent::Kind::settled; }
  void jobEvents(std::span<const JobEvent> events) override;
  void workerDied(const DeathCertificate& death) override;
  void poolEnded(const PoolStats& stats) override;

 private:
  Pool* pool_ = nullptr;
  PoolStats before_;  // of pools that have ended: counters and histograms
  FunctionCounts functions_;
  std::array<std::uint64_t, kCauses> deaths_{};
};

}  // namespace phial::inline v1::detail
