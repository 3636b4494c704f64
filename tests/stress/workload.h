// The jobs of one cell: some that carry a fault, and bystanders, in an order of the seed's.
#pragma once

#include <set>
#include <vector>

#include "rig.h"

namespace matrix {

class Workload {
 public:
  /// What must become of the bystanders.
  enum class Fate { succeed, failToStart };
  struct Size {
    unsigned bystanders;
    unsigned traps = 0;
  };

  /// `rig` is borrowed; the callbacks of its pool borrow this.
  Workload(Rig& rig, const Cell& cell, Size size, Fate fate, std::mt19937_64& random);
  Workload(const Workload&) = delete;
  Workload& operator=(const Workload&) = delete;

  /// Submits the first `count` jobs, and one more in the callback of each that settles.
  void submit(std::size_t count);
  void submitAll() { submit(jobs_.size()); }

  std::size_t size() const { return jobs_.size(); }
  std::size_t traps() const { return traps_; }
  bool done() const { return settled_ >= jobs_.size(); }
  /// Called in the callback of the job that settles last.
  void whenDone(std::function<void()> f) { whenDone_ = std::move(f); }
  /// The workers that ran a job with a fault to its end.
  const std::set<pid_t>& carriers() const { return carriers_; }
  /// Complains about a job that has not settled exactly once.
  void checkCounts();

 private:
  struct Planned {
    bool trap = false;
    std::uint32_t bytes = 0;
    int settled = 0;
    int progress = 0;
  };

  void submitNext();
  void submitTrap(std::size_t index);
  void submitBystander(std::size_t index);
  phial::JobOptions optionsFor(std::size_t index);
  void settle(std::size_t index);
  void judgeTrap(std::size_t index, phial::Outcome<Parcel>& outcome);
  void judgeTrapFailure(std::size_t index, const phial::Failure& failure);
  void judgeBystander(std::size_t index, phial::Outcome<std::vector<std::byte>>& outcome);
  void checkJob(const phial::DeathCertificate& death, std::size_t index);

  Rig& rig_;
  const Cell cell_;
  const Fate fate_;
  const std::size_t traps_;
  std::vector<Planned> jobs_;
  std::size_t next_ = 0;
  std::size_t settled_ = 0;
  std::set<pid_t> carriers_;
  std::function<void()> whenDone_;
};

}  // namespace matrix
