// A pool under test, with its loop, its log and its time.
//
// Time that the pool measures (timeouts, grace, pauses) is a ManualClock's. It moves only while
// nothing else can: when each worker that is not idle has met its fault and hangs. So no cell waits
// for a timeout, and no healthy worker is ever too slow.
#pragma once

#include <phial/master.h>

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "cell.h"
#include "death_log.h"
#include "expectation.h"

namespace matrix {

class Rig {
 public:
  /// Makes the pool. `scratch` is the folder of the marks; `complaints` is borrowed.
  Rig(const Cell& cell, phial::PoolOptions options, std::string scratch, Complaints& complaints);
  ~Rig();
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  phial::ProcessPool& pool() { return *pool_; }
  phial::PoolStats stats() const { return pool_->stats(); }
  phial::ManualClock& clock() { return clock_; }
  /// The pool's time since the beginning.
  phial::Duration passed() const { return clock_.now() - began_; }
  const Expectation& expected() const { return expected_; }
  Complaints& complaints() { return complaints_; }

  /// Runs the loop until `condition` holds. `what` is for the Watchdog.
  void runUntil(const std::string& what, const std::function<bool()>& condition);

  /// The workers that have met their fault.
  std::set<pid_t> met() const;
  /// Complains about a certificate that does not tell what happened.
  void check(const phial::DeathCertificate& death);
  void require(bool holds, const std::string& otherwise);

  /// Begins to stop the pool; legal in a callback.
  void beginStop();
  /// Stops the pool, destroys it, and looks for what is left of it.
  void finish();

 private:
  void tick(const std::string& what);
  bool timeMayPass() const;
  bool checkEnd(pid_t pid);
  void checkTemplates();

  const Cell cell_;
  const Expectation expected_;
  const std::string scratch_;
  Complaints& complaints_;
  std::shared_ptr<DeathLog> log_;
  phial::Reactor reactor_;
  phial::ManualClock clock_;
  const phial::TimePoint began_ = clock_.now();
  int eventsBefore_;
  std::unique_ptr<phial::ProcessPool> pool_;
  bool stopping_ = false;
  bool stopped_ = false;
};

}  // namespace matrix
