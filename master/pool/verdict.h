// What becomes of a job whose worker has died: a pure function of the death, of what is known of
// the job, and of whether the pool still runs what is in its queue.
//
//   how the worker ended          the job ran in it              it was only on its way
//   shutdown                      fails, PoolStopped             fails, PoolStopped
//   timeout                       fails, JobTimedOut             } runs again at once, up to
//   softTimeout                   fails, SoftTimeoutExceeded     } kMostNotBegun workers in a row,
//   or otherwise, Rerun::always      rests, runs again; PoisonJob   } kMostNotTakenUp that did not
//                                 after maxAttempts deaths       } take it up: then WorkerDied
//   protocol                      fails, ProtocolError           }
//   killed                        as otherwise                   runs again at once
//   otherwise                     fails, WorkerDied              }
//
// A job whose queue is closed does not run again: PoolStopped, if it had not begun. A job that may
// run in the dead worker alone fails where another would run again: WorkerDied.
#pragma once

#include <phial/master/death_certificate.h>
#include <phial/master/pool_options.h>
#include <phial/protocol/failure.h>

#include <cstddef>
#include <optional>
#include <vector>

namespace phial::inline v1::detail {

/// What is held against a job: the workers that have died with it.
struct Strikes {
  unsigned notBegun = 0;                 ///< deaths of workers that had not begun it
  unsigned notTakenUp = 0;               ///< of these, workers that did not take it up in time
  std::vector<DeathCertificate> deaths;  ///< of workers that it was running in; Rerun::always only

  bool any() const { return notBegun > 0 || !deaths.empty(); }
};

struct Verdict {
  /// Workers in a row that may die with a job on its way to them; then it may be the job that kills
  /// them, before they can say that they have it.
  static constexpr unsigned kMostNotBegun = 10;
  /// Workers that may let the time go by in which a job is to be taken up: see startTimeout.
  static constexpr unsigned kMostNotTakenUp = 2;

  enum class Fate {
    fails,                ///< with `failure`
    runsAgain,            ///< at the head of the queue
    runsAgainAfterPause,  ///< after a pause: it may do the same again
    stops,                ///< with PoolStopped, whose text is the pool's
  } fate;
  std::optional<Failure> failure = std::nullopt;  // set if it fails
};

/// Whether a job runs again is for its options to say.
struct RerunRule {
  Rerun rerun = Rerun::unlessBegun;
  std::size_t maxAttempts = 3;
  /// Whether the job may run in another worker than the one that died.
  enum class Where { anywhere, hereOnly } where = Where::anywhere;
};

/// What a job's queue does.
enum class QueueMode { open, closed };

/// Whether the job was the one that ran when its worker died.
enum class AtDeath { onItsWay, running };

/// Notes the death in `strikes`, and says what follows for the job.
Verdict judge(const DeathCertificate& death, AtDeath at, const RerunRule& rule, QueueMode queue,
              Strikes& strikes);

}  // namespace phial::inline v1::detail
