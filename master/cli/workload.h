// The jobs of a stress run: submits them, a bounded number at a time, and books what comes back.
//
// Some of them sabotage the worker they run in. Each Deferred is followed to its settlement in a
// ledger that is not the pool's. The next job is submitted from inside the callback of the last.
#pragma once

#include <phial/master/process_pool.h>

#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>

#include "master/cli/stress_options.h"
#include "master/cli/tally.h"

namespace phial::inline v1::cli {

class Workload {
 public:
  /// Borrows all of them. `ended` is called once when no job is in flight and none will be.
  Workload(Reactor& reactor, ProcessPool& pool, const StressOptions& options,
           std::function<void()> ended);
  ~Workload();
  Workload(const Workload&) = delete;
  Workload& operator=(const Workload&) = delete;

  /// With a foreign worker: calls its function once, which is the first of the jobs. Its failure is
  /// the Deferred's.
  Deferred<void> tryFunction();
  void begin() { fill(); }
  /// Submits no more.
  void finish();

  Tally& tally() { return tally_; }
  const Tally& tally() const { return tally_; }
  std::uint64_t wrongResults() const { return wrong_; }
  /// Objects that calls had given and that broke with their worker before they had answered.
  std::uint64_t brokenObjects() const { return brokenObjects_; }
  std::uint64_t blamedOnDeaths() const { return blamedOnDeaths_; }
  const std::map<std::string, std::uint64_t>& unexplained() const { return unexplained_; }

 private:
  bool mayBegin() const;
  void submit();
  void submitScramble(std::uint64_t id);
  void submitMethod(std::uint64_t id);
  void submitSabotage(std::uint64_t id);
  void submitMischief(std::uint64_t id, Fault fault);
  void submitCall(std::uint64_t id);
  JobOptions jobOptions();
  template <class T>
  void follow(std::uint64_t id, Deferred<T> deferred, std::function<bool(const T&)> right);
  void failed(std::uint64_t id, const Failure& failure);
  void mayCancel(Deferred<void> job);
  void fill();
  void fillLater();

  Reactor& reactor_;
  ProcessPool& pool_;
  const StressOptions& options_;
  const std::uint64_t mostInFlight_;
  std::function<void()> ended_;
  std::mt19937_64 random_;
  Tally tally_;
  bool finishing_ = false;
  bool filling_ = false;
  DelayedCall pause_;
  std::uint64_t wrong_ = 0;
  std::uint64_t brokenObjects_ = 0;
  std::uint64_t blamedOnDeaths_ = 0;
  std::map<std::string, std::uint64_t> unexplained_;
};

}  // namespace phial::inline v1::cli
