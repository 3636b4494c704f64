// Replaces all workers of a pool, one after another, while jobs go on.
//
// The workers that were there when a reload began are to be replaced; Staffing has each new one
// ready before an old one goes. The reload ends when none of the old ones is left. It fails, and
// the old ones stay, when no new worker can be started.
//
// A program that is its own worker may have been replaced on disk. During and after a reload its
// workers are started by the program's path, and not as this process's own image.
//
// Thread rule: the loop's. Calls no user code.
#pragma once

#include <phial/master/deferred.h>
#include <phial/protocol/failure.h>

#include <cstdint>
#include <string>
#include <vector>

#include "master/pool/crew.h"
#include "master/pool/pool_reporter.h"
#include "master/pool/settlement_queue.h"

namespace phial::inline v1::detail {

class Reload {
 public:
  /// All are borrowed. `command` is PoolOptions::worker, which each new worker reads.
  Reload(PoolReporter& reporter, SettlementQueue& settlements, Crew& crew,
         std::vector<std::string>& command)
      : reporter_(reporter),
        settlements_(settlements),
        crew_(crew),
        command_(command),
        ownProgram_(command.empty()) {}

  /// Begins a reload, in place of one that is under way. Fires when the reload ends, and those of
  /// earlier ones with it.
  Deferred<void> begin();
  /// Ends the reload if the old workers have gone.
  void advance();
  /// Fails the reload, if there is one. Later workers are started as before it.
  void fail(const Failure& failure);

 private:
  PoolReporter& reporter_;
  SettlementQueue& settlements_;
  Crew& crew_;
  std::vector<std::string>& command_;
  const bool ownProgram_;  // the one-binary style
  std::vector<Resolver<void>> waiters_;
};

}  // namespace phial::inline v1::detail
