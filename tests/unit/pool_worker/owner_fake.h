// An Owner that hears nothing; a test overrides what it wants to hear.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "master/worker/pool_worker.h"

namespace phial::detail {

class OwnerFake : public PoolWorker::Owner {
 public:
  virtual ~OwnerFake() = default;

  void workerReady(PoolWorker&) override {}
  void workerChanged(PoolWorker&) override {}
  std::unique_ptr<ResultReading> jobArrived(schema::JobResult::Reader) override { return nullptr; }
  void jobAnswered(PoolWorker&, const JobAnswer&) override {}
  void workerAnswered(PoolWorker&) override {}
  void workerGaveBack(PoolWorker&, const std::vector<std::uint64_t>&) override {}
  void workerLacks(const std::string&) override {}
  void workerProgressed(std::uint64_t, double, std::string) override {}
  void jobUnwritable(std::uint64_t, Failure) override {}
  void workerDied(PoolWorker&, DeathCertificate) override {}
};

}  // namespace phial::detail
