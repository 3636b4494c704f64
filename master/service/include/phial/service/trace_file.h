// A file that shows what each worker did and when, for Perfetto or chrome://tracing.
//
//   phial::TraceFile trace(reactor, {.path = "/tmp/jobs.json"});
//   trace.add("images", pool);
//
// Open the file in https://ui.perfetto.dev. Each pool is a process and each of its workers a row
// with three slices a job: decode, the function's own name, encode. The wait in the queue is a row
// of the pool; the end of a worker is a mark on its row. master/service/README.md shows more.
//
// The file is a JSON array of Chrome's trace events. It is complete, with its closing bracket,
// whenever a reader opens it: each write replaces the bracket by more events and a new one. When it
// has reached maxFileBytes it is renamed to `path`.1, the one before to `path`.2, and so on; a file
// that `path` names at the start is kept in the same way.
//
// A thread does all that touches the disk. A disk that is full, slow or gone costs events, never
// the pool: see onError and jobsLeftOut().
//
// Life: pools may end before the TraceFile and the other way round. Thread rule: the reactor's.
#pragma once

#include <phial/master/deferred.h>
#include <phial/master/pool.h>
#include <phial/master/reactor.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// Fields stand in the order in which a designated initializer must name them.
struct TraceFileOptions {
  /// The file to write. It may be a device such as /dev/null, but no pipe and no socket.
  std::string path = {};

  /// The size of a file, in bytes, from 64 KiB on. Default 64 MiB: some 150,000 jobs.
  std::uint64_t maxFileBytes = std::uint64_t{64} << 20;

  /// How many files are kept, the one that is being written included; at least 1. Default 4.
  std::size_t maxFiles = 4;

  /// How many jobs a second are written. Of more jobs, the first of each 10 ms are; a mark in the
  /// file says how many were left out. Default 200,000. Price: about 0.5 us of the loop's time for
  /// each job that is written, and 20 ns for each that is left out.
  std::uint64_t maxJobsPerSecond = 200'000;

  /// Receives one line when the file cannot be written, and again when that happens anew after it
  /// could. Called from the loop. Default empty: the line goes to the log (setLogSink), as a
  /// warning.
  std::function<void(std::string_view text)> onError = {};
};

class TraceFile {
 public:
  /// Starts a thread. Does not touch the disk: whatever is wrong with the path reaches `onError`.
  /// Throws std::invalid_argument for an option out of range, and std::system_error when the system
  /// has no thread to give.
  TraceFile(Reactor& reactor, TraceFileOptions options);
  /// Ends all observations, and waits until what is left is written, but for no longer than a
  /// second. In a forked child the file stays the parent's and nothing is written.
  ~TraceFile();
  TraceFile(const TraceFile&) = delete;
  TraceFile& operator=(const TraceFile&) = delete;

  /// Records what happens in `pool` from now on, as a process called `name`. The pool's workers
  /// then measure how long they decode and encode, which costs them about 50 ns a job.
  void add(std::string name, Pool& pool);

  /// Fires when all that has happened until now is in the file, or was given up. Never fails.
  Deferred<void> flush();

  /// Jobs that were to be written, and jobs that were left out: because there were too many a
  /// second, or because the file could not be written, or not fast enough.
  std::uint64_t jobs() const;
  std::uint64_t jobsLeftOut() const;

 private:
  class Recorder;

  const std::shared_ptr<Recorder> recorder_;
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
