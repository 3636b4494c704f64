#include "master/service/pool_families.h"

#include <phial/protocol/worker_contract.h>

#include <algorithm>
#include <string>

namespace phial::inline v1::detail {
namespace {

using Pools = std::span<const PoolNumbers>;

// A sample for each pool.
template <class Value>
void eachPool(TextFormat& to, Pools pools, Value value) {
  for (const auto& pool : pools) to.sample({{"pool", pool.name}}, value(pool.stats));
}

// Success is written for each function from its first job on, the rest once it has happened.
void writeJobs(TextFormat& to, Pools pools) {
  to.family("phial_jobs_total", "counter",
            "Jobs that have ended, by function and outcome. A chunk of a map is one job.");
  for (const auto& pool : pools) {
    for (const auto& row : pool.watched.functions().rows()) {
      for (std::size_t i = 0; i < FunctionCounts::kOutcomes; ++i) {
        if (i > 0 && row.counts[i] == 0) continue;
        to.sample({{"pool", pool.name},
                   {"function", row.function},
                   {"outcome", FunctionCounts::kOutcomeNames[i]}},
                  row.counts[i]);
      }
    }
  }
}

Duration ageOfOldest(const PoolStats& stats, TimePoint now) {
  return stats.oldestQueued ? std::max(now - *stats.oldestQueued, Duration::zero())
                            : Duration::zero();
}

void writeQueue(TextFormat& to, Pools pools, TimePoint now) {
  to.family("phial_jobs_queued", "gauge", "Jobs that wait for a worker.");
  eachPool(to, pools, [](const PoolStats& stats) { return stats.queued; });
  to.family("phial_jobs_running", "gauge",
            "Jobs that were sent to a worker and have no result yet.");
  eachPool(to, pools, [](const PoolStats& stats) { return stats.running; });
  to.family("phial_queue_oldest_seconds", "gauge",
            "For how long the oldest queued job has waited.");
  eachPool(to, pools, [now](const PoolStats& stats) { return ageOfOldest(stats, now); });
  to.family("phial_queue_wait_seconds", "histogram",
            "Time from a job's submission to its first dispatch.");
  for (const auto& pool : pools) to.histogram(pool.name, pool.stats.queueWait);
  to.family(
      "phial_run_seconds", "histogram",
      "Running time of functions that returned or threw, without reading and writing values.");
  for (const auto& pool : pools) to.histogram(pool.name, pool.stats.runTime);
}

void writeWorkers(TextFormat& to, Pools pools) {
  to.family("phial_workers", "gauge", "Workers that live, by state.");
  for (const auto& [name, stats, watched] : pools) {
    const std::uint64_t ending = stats.workers - stats.starting - stats.idle - stats.busy;
    to.sample({{"pool", name}, {"state", "starting"}}, stats.starting);
    to.sample({{"pool", name}, {"state", "idle"}}, stats.idle);
    to.sample({{"pool", name}, {"state", "busy"}}, stats.busy);
    to.sample({{"pool", name}, {"state", "ending"}}, ending);
  }
  to.family("phial_worker_deaths_total", "counter",
            "Workers that have ended, by cause; recycle and shutdown are no trouble.");
  for (const auto& pool : pools) {
    for (std::size_t i = 0; i < WatchedPool::kCauses; ++i) {
      std::string cause = causeName(static_cast<DeathCause>(i));
      std::ranges::replace(cause, ' ', '_');
      to.sample({{"pool", pool.name}, {"cause", cause}}, pool.watched.deaths()[i]);
    }
  }
  to.family("phial_worker_starts_total", "counter", "Workers that were started.");
  eachPool(to, pools, [](const PoolStats& stats) { return stats.spawned; });
  to.family("phial_job_reruns_total", "counter",
            "How often a job went back to the queue because its worker died.");
  eachPool(to, pools, [](const PoolStats& stats) { return stats.rerun; });
}

}  // namespace

void writePools(TextFormat& to, Pools pools, TimePoint now) {
  writeJobs(to, pools);
  writeQueue(to, pools, now);
  writeWorkers(to, pools);
}

void writeProgram(TextFormat& to, Duration lag) {
  to.family("phial_loop_lag_seconds", "gauge",
            "How late a timer of the loop came at worst in the last ten to twenty seconds.");
  to.sample({}, lag);
  to.family("phial_build_info", "gauge", "Always 1; the labels name the build of Phial.");
  to.sample({{"version", PHIAL_VERSION}, {"build", buildId()}}, std::uint64_t{1});
}

}  // namespace phial::inline v1::detail
