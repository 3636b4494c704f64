#include "master/cli/restart_meter.h"

namespace phial::inline v1::cli {

void RestartMeter::killed(std::uint64_t worker) {
  const auto serving = serving_.find(worker);
  if (serving == serving_.end() || serving->second) return;
  serving->second = clock_.now();
}

void RestartMeter::workerReady(const WorkerStatus& worker) {
  ++ready_;
  serving_.emplace(worker.number, std::nullopt);
  if (vacancies_.empty()) return;
  times_.add(clock_.now() - vacancies_.front());
  vacancies_.pop_front();
}

void RestartMeter::workerDied(const DeathCertificate& death) {
  const auto serving = serving_.find(death.worker);
  if (serving == serving_.end()) return;
  const TimePoint since = serving->second.value_or(clock_.now());
  serving_.erase(serving);
  if (serving_.size() < workers_) vacancies_.push_back(since);
}

}  // namespace phial::inline v1::cli
