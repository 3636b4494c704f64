// How the pool's workers die and come back.
#pragma once

#include <phial/master.h>

#include <chrono>
#include <deque>
#include <vector>

class Restarts final : public phial::PoolObserver {
 public:
  void workerDied(const phial::DeathCertificate& death) override;
  void workerReady(const phial::WorkerStatus& worker) override;

  /// How many workers have died that were forked from the template.
  std::size_t ofTheTemplate() const { return ofTheTemplate_; }
  /// The median time from a death to the next worker that was ready, in milliseconds.
  double medianMilliseconds();

 private:
  using Time = std::chrono::steady_clock::time_point;

  std::size_t ofTheTemplate_ = 0;
  std::deque<Time> missing_;
  std::vector<double> milliseconds_;
};
