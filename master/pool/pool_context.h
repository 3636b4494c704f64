// What every part of a pool needs of its surroundings. The conductor owns all of it, and it
// outlives the parts; each part keeps a copy of these references.
#pragma once

#include <phial/master/pool_options.h>
#include <phial/master/reactor.h>

#include "master/pool/pending_work.h"
#include "master/pool/pool_reporter.h"
#include "master/pool/roster.h"

namespace phial::inline v1::detail {

struct PoolContext {
  Reactor& reactor;
  /// The pool's own clock: of timeouts, pauses and idle times.
  Clock& clock;
  /// Checked and complete.
  const PoolOptions& options;
  PoolReporter& reporter;
  PendingWork& pending;

  Roster::Now now() const { return {clock.now(), reactor.now()}; }
};

}  // namespace phial::inline v1::detail
