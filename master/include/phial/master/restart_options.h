// How a pool goes on when its workers do not.
#pragma once

#include <phial/master/clock.h>

#include <chrono>

namespace phial {

/// Pauses between a worker's death and the start of its replacement, and when to stop hoping. Never
/// more than one replacement is started for a death.
///
/// The replacement of a single dead worker starts at once, before any callback of its job runs. If
/// what was started after that death dies too, there is a pause; each further such round doubles
/// it, with a jitter of down to half of it, so that pools that fail together do not return
/// together. Deaths of workers that lived side by side are one round: their replacements all start
/// at once.
///
/// Workers that do not get ready, or crash before they have taken up a job, would die in an endless
/// loop: their pauses grow up to `longestPause`, until one of the replacements answers a job. Those
/// that crash at their jobs settle a job with each death: their pauses grow up to
/// `longestCrashPause`, until the pool has answered four jobs between two deaths. Workers ended by
/// the pool, or once they were ready by a SIGKILL that is neither its own nor the out-of-memory
/// killer's, cause no pause.
///
/// A worker that cannot be spawned because descriptors, processes or memory are used up (EMFILE,
/// ENFILE, EAGAIN, ENOMEM) is no failed start: the pool goes on with the workers that fit, says so
/// once, and tries again after pauses of up to 100 ms for as long as it wants more workers. Jobs
/// wait in the queue meanwhile. They fail with StartupFailed only when no worker has ever got ready
/// in this pool, none is starting, and `failedStarts` tries in a row have failed; start() and
/// reload() fail after as many tries when no worker is starting.
///
/// All times are on the pool's clock.
struct RestartOptions {
  /// The second round's pause. Default 10 ms.
  Duration firstPause = std::chrono::milliseconds(10);

  /// The longest pause. Default 30 s. It is also how late a pool can notice that its workers would
  /// start again.
  Duration longestPause = std::chrono::seconds(30);

  /// The longest pause in a loop of crashing jobs. Default 100 ms: such a loop then costs a few
  /// hundredths of a core, and each caller waits that long at most. Zero: no pause.
  Duration longestCrashPause = std::chrono::milliseconds(100);

  /// Workers in a row that do not get ready, with none left that serves, after which start() and
  /// all that is queued fail with StartupFailed. Default 5. A program that cannot be executed at
  /// all counts as that many. One that an outsider's SIGKILL ends before it is ready is bad luck,
  /// and weighs a quarter.
  ///
  /// The pool then goes on trying by itself, as long as `min` or a new job asks for a worker, with
  /// one worker at a time, at most once a second and ever slower up to `longestPause`. New jobs
  /// fail at once meanwhile, save while a worker is being tried.
  unsigned failedStarts = 5;

  /// A worker that crashes after it has been up for so long begins a new row: it does not belong to
  /// a loop. Default 10 s.
  Duration healthySpell = std::chrono::seconds(10);
};

}  // namespace phial
