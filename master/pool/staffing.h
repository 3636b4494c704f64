// How many workers there should be, when the next one may be started, and which ones go.
//
// A worker that is to be replaced gets a Departure on its seat. From then on it does not count as a
// worker that the pool wants, so that another is started; when that one is ready, there is one
// worker too many, and the departing one goes.
//
// Staffing answers questions and spawns nothing. The Crew asks after each event,
// carries out the answers, and tells it what became of them. It knows no process, and no clock: who
// asks brings the time, which is the pool's.
#pragma once

#include <phial/master/clock.h>
#include <phial/master/death_certificate.h>
#include <phial/master/restart_options.h>

#include <cstddef>
#include <cstdint>
#include <optional>

#include "master/pool/restart_policy.h"
#include "master/pool/roster.h"

namespace phial::inline v1::detail {

class Staffing {
 public:
  /// Of PoolOptions.
  struct Rules {
    std::size_t min;
    std::size_t max;
    std::size_t recycleAfter = 0;  // jobs; 0: no limit
    Duration maxIdle = Duration::max();
    RestartOptions restart = {};
    std::size_t maxWaiting = 0;
  };
  /// What the pool has to do.
  struct Demand {
    /// Jobs that could be given to any worker.
    std::size_t waiting = 0;
    /// Jobs that wait for a fresh worker.
    std::size_t fresh = 0;
    /// Leases that wait for a worker and may have one.
    std::size_t leases = 0;
    /// False: the pool is ending, and no worker is wanted for what is queued.
    bool open = true;
    /// Whether `min` workers are to be there, whatever there is to do.
    bool keepsMin = true;
  };

  /// `roster` is borrowed. Throws std::invalid_argument for RestartOptions that make no sense.
  Staffing(Roster& roster, Rules rules, std::uint64_t seed);

  std::size_t min() const { return rules_.min; }
  std::size_t max() const { return rules_.max; }
  void resize(std::size_t min, std::size_t max);

  // Starting.

  /// How many workers there should be now, departing ones not counted. Workers that are kept from
  /// the pool's other jobs come on top of those that the pool wants for them, up to max().
  std::size_t wanted(const Demand& demand) const;
  /// Whether another worker is to be started, now or as soon as it is allowed.
  bool wantsMore(const Demand& demand) const;
  /// Whether that may happen only when a worker that is starting has got ready or failed: while no
  /// worker gets ready, one is tried at a time, whatever the size of the pool.
  bool triesOneAtATime() const;
  TimePoint nextStart() const { return restart_.nextStart(); }
  /// A worker has been started. Returns its seat.
  Seat& started(std::uint64_t worker, std::shared_ptr<PoolWorker> itself);
  /// A worker could not be started for want of something that the system gives. Departing workers
  /// serve on. Returns whether that has been so for long, and nothing else is being started.
  bool noteShortage(TimePoint now);
  void noteReady(std::uint64_t worker);
  void noteAnswer(std::uint64_t worker) { restart_.answered(worker); }
  /// A worker has died, and is on the roster no more. Returns whether so many have failed to start
  /// that there is no use in waiting for the next.
  bool noteDeath(const DeathCertificate& death, TimePoint now);
  /// Notes that the pool has given up on workers that fail like this, until one gets ready. Returns
  /// whether it had not before.
  bool giveUp(const DeathCertificate& death);
  /// What giveUp() noted.
  const std::optional<DeathCertificate>& startupFailure() const { return startupFailure_; }
  /// Whether a job that comes now would wait for a worker in vain.
  bool hopeless(TimePoint now) const;

  // Going.

  /// An idle worker that is one too many for max(), the one that has been idle longest; null when
  /// there is none.
  Seat* surplus() const;
  /// Whether a worker that has just become idle is one too many.
  bool isSurplus(const Seat& seat) const;
  /// The worker above min() that has been idle longest; null when there is none, or while all
  /// workers are being replaced. It is to go when it has been idle for maxIdle.
  Seat* pruneNext() const;
  TimePoint pruneAt(const Seat& seat) const;
  /// A worker that has served somebody, is idle, and is to be retired because a fresh one is wanted
  /// and there are max() workers; null when there is none.
  Seat* givesWay(const Demand& demand) const;
  /// A worker serves one lease from now on. It is not replaced until the lease is released.
  void leaseTo(Seat& seat, std::uint64_t lease);
  /// A worker serves everybody again. It is replaced if a reload has come meanwhile.
  void endLease(Seat& seat);
  /// The job of a worker waits, or does not any more. While it does, the worker's place is lent:
  /// there may be one worker more. Workers that are left over later stay as idle ones do.
  void noteWaits(Seat& seat, WaitsFor what);
  /// A worker is to be retired when it is idle, and takes no further job until then.
  void noteLastJob(Seat& seat);
  /// A worker has been sent jobs. When these were the last that it is to serve, its replacement is
  /// wanted from now on.
  void noteDispatch(Seat& seat, TimePoint now);
  /// A worker is to be replaced, and serves until then.
  void replace(Seat& seat);
  /// A departing worker that is to be retired now: its replacement is ready, or it needs none. It
  /// does not count as departing any more. Null when there is none.
  Seat* takeReplaced(const Demand& demand);
  /// No replacement is to be had for now: departing workers take jobs again.
  void keepServing();

  // Replacing all.

  /// All workers up to this number are to be replaced.
  void beginReload(std::uint64_t lastWorker);
  bool reloading() const { return reload_.has_value(); }
  /// Whether none of the old ones is left and as many serve as before. Ends the reload then.
  bool finishReload();
  /// Ends the reload; the old workers stay.
  void abandonReload();

 private:
  struct Reload {
    std::uint64_t lastOld;  // the last worker that is to be replaced
    std::size_t size;       // how many there were
  };

  std::size_t most() const;
  std::size_t lent() const { return roster_.lent(rules_.maxWaiting); }
  /// How many workers may stay: those left over from places that were lent included.
  std::size_t mostStaying() const { return rules_.max + leftOver_; }
  std::uint64_t quotaOf(std::uint64_t worker) const;
  bool replacementIsNear(TimePoint now) const;
  bool wantsFresh(const Demand& demand) const;

  Roster& roster_;
  Rules rules_;
  const std::uint64_t spreadSeed_;  // of the workers' own numbers of jobs
  RestartPolicy restart_;
  std::optional<DeathCertificate> startupFailure_;
  std::optional<Reload> reload_;
  std::size_t leftOver_ = 0;  // how many there may be above max
};

}  // namespace phial::inline v1::detail
