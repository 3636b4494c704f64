// A worker as the pool's decisions see it.
//
// A pool decides many thousand times a second, and may have a thousand workers. A decision that
// asked every worker would cost a look at as many shared pages. So each worker reports when
// something about it changes, and its seat keeps the last report. Roster keeps the seats in the
// orders in which decisions need them.
#pragma once

#include <phial/master/clock.h>

#include <boost/intrusive/list_hook.hpp>
#include <boost/intrusive/set_hook.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>

#include "master/pool/run_watch.h"
#include "master/worker/pool_worker.h"

namespace phial::inline v1::detail {

/// Whether a worker is to be replaced, and what it does until its replacement is ready.
enum class Departure {
  none,
  servesOn,  ///< it takes further jobs
  waits,     ///< it takes no further job
};

/// What the job of a worker waits for, while it does nothing else. Its worker's place is lent then.
enum class WaitsFor {
  nothing,
  children,  ///< jobs that it has called
  parent,    ///< what the program is to say
};

struct Seat {
  static constexpr std::uint64_t kNoQuota = std::numeric_limits<std::uint64_t>::max();

  Seat(std::uint64_t itsNumber, std::shared_ptr<PoolWorker> itsWorker)
      : number(itsNumber), worker(std::move(itsWorker)) {}

  const std::uint64_t number;
  /// For the pool's conductor. Decisions do not look at it, and tests leave it null.
  const std::shared_ptr<PoolWorker> worker;

  // Written by Roster alone.
  Load load;
  Departure departure = Departure::none;
  /// How many jobs the worker may be given in its life.
  std::uint64_t quota = kNoQuota;
  TimePoint idleSince{};
  /// When the worker is to be looked at, because it holds a job that waits behind another.
  TimePoint lookAt{};
  /// The job that it runs takes longer than it should: it gets nothing in advance for now.
  bool late = false;

  /// The lease that the worker serves, and nobody else; 0: none.
  std::uint64_t lease = 0;
  /// The worker takes no further job and is retired when it is idle, replaced or not.
  bool last = false;
  /// The program holds an object of the worker's, so the worker is not replaced nor pruned.
  bool bound = false;
  /// The worker has a call on such an object. It gets no jobs until that has ended.
  bool servesObject = false;
  /// Jobs wait for this worker. It gets no others until it has had them.
  bool called = false;
  /// Its job waits. The worker gets no jobs until the wait is over.
  WaitsFor waits = WaitsFor::nothing;
  /// How many of the jobs that it was given were for every worker alike: after these alone it still
  /// counts as fresh.
  std::uint64_t common = 0;

  // Of JobTimers.
  RunWatch runs;

  boost::intrusive::list_member_hook<> idlePlace;
  boost::intrusive::list_member_hook<> freshPlace;
  boost::intrusive::list_member_hook<> endingPlace;
  boost::intrusive::list_member_hook<> replaceablePlace;
  boost::intrusive::set_member_hook<> fillablePlace;
  boost::intrusive::set_member_hook<> crowdedPlace;

  /// How many more jobs it may be given.
  std::uint64_t jobsLeft() const { return quota > load.given ? quota - load.given : 0; }
  /// Whether the worker is kept from the pool's other jobs, for good or for a while.
  bool kept() const { return lease != 0 || last; }
};

}  // namespace phial::inline v1::detail
