#include "restarts.h"

#include <algorithm>

void Restarts::workerDied(const phial::DeathCertificate& death) {
  if (death.cause != phial::DeathCause::crash) return;
  if (death.origin == phial::WorkerOrigin::fromTemplate) ++ofTheTemplate_;
  missing_.push_back(std::chrono::steady_clock::now());
}

void Restarts::workerReady(const phial::WorkerStatus&) {
  if (missing_.empty()) return;
  const auto took = std::chrono::steady_clock::now() - missing_.front();
  missing_.pop_front();
  milliseconds_.push_back(std::chrono::duration<double, std::milli>(took).count());
}

double Restarts::medianMilliseconds() {
  if (milliseconds_.empty()) return 0;
  const auto middle = milliseconds_.begin() + static_cast<long>(milliseconds_.size() / 2);
  std::nth_element(milliseconds_.begin(), middle, milliseconds_.end());
  return *middle;
}
