// What Phial has to say: deaths of workers, what they print, errors that nobody handled.
//
// Everything that Phial would print goes through one function. setLogSink replaces it for the whole
// program, PoolOptions::onLog for what concerns one pool. A record is one line and names its pool
// and its worker.
//
// The default, logToStderr, never makes its caller wait, whoever reads stderr: a thread of its own
// writes. Records that come faster than they can be written are dropped and counted, and a line
// says how many. So are long rows of similar events: of a pool's deaths, of unhandled errors and of
// reactor callbacks that threw, 20 in a second are records and the others are only counted.
//
// Thread rule: setLogSink and logToStderr may be called from any thread. A process-wide sink may be
// called from any thread, several at a time; onLog is called on its pool's thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace phial {

enum class LogLevel {
  debug,    ///< the ordinary life of a pool: workers that get ready, are recycled, stop
  info,     ///< a line that a worker printed; a reload
  warning,  ///< a worker died
  error,    ///< an exception that nobody handled; a pool that cannot start workers
};

/// "debug", "info", "warning" or "error".
const char* levelName(LogLevel level);

/// One line for the log. Valid during the call that it is passed to.
struct LogRecord {
  LogLevel level = LogLevel::info;
  /// PoolOptions::name; empty when the record is of no pool.
  std::string_view pool = {};
  /// The pool's number for the worker, from 1; 0 when the record is of no worker.
  std::uint64_t worker = 0;
  /// Without a newline. What a worker printed is as it came, control characters included, in pieces
  /// of 8 KiB when the line is longer.
  std::string_view text = {};
};

/// Receives records. What it throws is caught, and the record goes to stderr instead. What Phial
/// has to say about calls that it makes itself goes to stderr too, so that it never recurses.
using LogFunction = std::function<void(const LogRecord&)>;

/// Replaces where records go that no pool's onLog takes, and returns the former function. Empty
/// restores the default, logToStderr. The former one may still be running on another thread.
LogFunction setLogSink(LogFunction sink);

/// The default: queues a line such as "2026-11-26 16:50:11.123 warning [pool render, worker 3] ..."
/// (UTC) for stderr. Control characters are escaped; debug records are ignored.
///
/// Never waits. Up to 1 MiB is queued. At the program's normal end what is still queued is written
/// for as long as its reader takes it, and given up after a quarter of a second in which it takes
/// nothing. An abort or _exit loses it.
///
/// Nothing is written when descriptor 2 was closed at the program's start, or has since become
/// something else than a stderr, which is looked at before each write. A file that is open for
/// writing alone and that child processes inherit passes for one; and a thread that replaces
/// descriptor 2 at the moment of a write may find a line in its new file. So put /dev/null at 0, 1
/// and 2 rather than close them.
void logToStderr(const LogRecord& record) noexcept;

}  // namespace phial
