#include "master/cli/restart_meter.h"

#include <algorithm>

namespace phial::cli {

void RestartMeter::died(TimePoint since) {
  // A vacancy may be filled unseen, between two looks: there cannot be more of them than workers.
  constexpr std::size_t kMost = 4096;
  if (vacancies_.size() == kMost) vacancies_.pop_front();
  vacancies_.push_back(since);
}

void RestartMeter::becameReady(TimePoint now) {
  if (vacancies_.empty()) return;
  times_.add(now - vacancies_.front());
  vacancies_.pop_front();
}

// The end of one that never served leaves the vacancy open that it was to fill.
RestartMeter::Stage RestartMeter::end(Stage before, TimePoint since) {
  if (before == Stage::ready) died(since);
  return Stage::dying;
}

RestartMeter::Stage RestartMeter::next(Stage before, const WorkerStatus& worker, TimePoint now) {
  const bool ending = worker.state == WorkerState::ending;
  Stage stage = before;
  if (stage == Stage::starting && worker.state != WorkerState::starting &&
      (!ending || worker.jobsServed > 0)) {
    becameReady(now);
    stage = Stage::ready;
  }
  return ending && stage != Stage::dying ? end(stage, now) : stage;
}

void RestartMeter::killed(std::uint64_t worker, TimePoint now) {
  const auto known = known_.find(worker);
  if (known != known_.end()) known->second = end(known->second, now);
}

void RestartMeter::look(const std::vector<WorkerStatus>& workers, TimePoint now) {
  std::map<std::uint64_t, Stage> seen;
  for (const auto& worker : workers) {
    const auto known = known_.find(worker.number);
    const Stage before = known == known_.end() ? Stage::starting : known->second;
    seen.emplace(worker.number, next(before, worker, now));
  }
  for (const auto& [number, stage] : known_) {
    if (!seen.contains(number)) end(stage, now);
  }
  known_ = std::move(seen);
}

}  // namespace phial::cli
