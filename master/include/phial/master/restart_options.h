// How a pool replaces workers that die or do not start.
#pragma once

#include <phial/master/clock.h>

#include <chrono>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// Sets the pauses between a worker's death and the start of its replacement, and the number of
/// failed starts after which queued jobs fail. The pool starts at most one replacement for each
/// death.
///
/// A round is the deaths of workers that lived at the same time. After the first round the
/// replacements start at once, before any callback of the failed jobs runs. If the replacements die
/// too, the pool pauses before it starts the next ones; each further round doubles the pause. A
/// random jitter shortens each pause by up to half, so that pools which fail together do not
/// restart together.
///
/// The longest pause depends on how the workers die:
/// - Workers that do not get ready, or crash before they have taken up a job, would die in an
///   endless loop. Their pauses grow up to `longestPause`, until one of the replacements has
///   answered a job.
/// - Workers that crash while they run a job settle a job with each death. Their pauses grow up to
///   `longestCrashPause`, until the pool has answered four jobs between two deaths.
/// - Some deaths cause no pause: the pool ended the worker (because of a timeout, a deadline or a
///   cancelled job, to recycle it, or to stop it), or somebody outside sent SIGKILL to a worker
///   that was ready. The kernel's out-of-memory killer does cause a pause, and so does a worker
///   that broke the protocol or did not respond.
///
/// Shortage: when a worker cannot be spawned because descriptors, processes or memory are used up
/// (EMFILE, ENFILE, EAGAIN, ENOMEM and their kind), this is no failed start. The pool goes on with
/// the workers that it has, says so once in the log, and tries again after pauses of up to 100 ms
/// as long as it wants more workers. Jobs wait in the queue meanwhile. The queue fails with
/// StartupFailed only when no worker has ever got ready in this pool, no worker is starting, and
/// `failedStarts` tries in a row have failed. start() and reload() fail after as many tries when no
/// worker is starting.
///
/// All times are on the pool's clock. A field that is out of range is a std::invalid_argument
/// thrown by the pool's constructor.
struct RestartOptions {
  /// The pause after the second round. Default 10 ms. Must be above zero.
  Duration firstPause = std::chrono::milliseconds(10);

  /// The longest pause. Default 30 s. If the cause of failing starts goes away, the pool notices at
  /// most this much later. Must not be shorter than `firstPause`.
  Duration longestPause = std::chrono::seconds(30);

  /// The longest pause while jobs crash their workers. Default 100 ms: a crash loop then uses a few
  /// hundredths of a core, and a job waits at most 100 ms for its replacement worker. Zero: no
  /// pause.
  Duration longestCrashPause = std::chrono::milliseconds(100);

  /// How many workers in a row may fail to get ready. After that many, if no worker is serving,
  /// start() and all queued jobs fail with StartupFailed. Default 5; 0 is refused. A program that
  /// cannot be executed at all counts as `failedStarts` at once. A worker that an outsider's
  /// SIGKILL ends before it is ready counts a quarter, because the cause is probably not the
  /// program.
  ///
  /// After giving up, the pool goes on trying as long as `min` or a new job asks for a worker: one
  /// worker at a time, with pauses that begin at 1 s, less the jitter, and grow up to
  /// `longestPause`. Between two tries new jobs fail at once; while a worker is starting, new jobs
  /// wait for it.
  unsigned failedStarts = 5;

  /// If no worker has crashed for this long after the last pause, the next crash begins a new row
  /// of rounds: it is not part of a crash loop. Default 10 s. Must be above zero.
  Duration healthySpell = std::chrono::seconds(10);
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
