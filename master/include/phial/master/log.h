// What Phial has to say: deaths of workers, what workers print, errors that nobody handled.
//
// Everything that Phial would print goes through one function. setLogSink replaces this function
// for the whole program; PoolOptions::onLog replaces it for one pool. A record is one line and
// names its pool and its worker.
//
// The default, logToStderr, never makes its caller wait, however slowly stderr is read: a thread of
// its own writes. If records come faster than they can be written, the excess is dropped and
// counted, and a line says how many. Series of similar events are limited too: of a pool's deaths,
// of unhandled errors, and of reactor callbacks that threw, 20 a second become records, and the
// others are only counted.
//
// Thread rule: setLogSink and logToStderr may be called from any thread. A process-wide sink may be
// called from several threads at a time. onLog is called only on its pool's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

enum class LogLevel {
  debug,    ///< the ordinary life of a pool: workers that get ready, are recycled, stop
  info,     ///< a line that a worker printed; a reload
  warning,  ///< a worker died
  error,    ///< an exception that nobody handled; a pool that cannot start workers
};

/// The level as a word: "debug", "info", "warning" or "error".
const char* levelName(LogLevel level);

/// One line for the log. Valid only during the call that receives it.
struct LogRecord {
  LogLevel level = LogLevel::info;
  /// PoolOptions::name; empty when the record does not concern a pool.
  std::string_view pool = {};
  /// The pool's number for the worker, from 1; 0 when the record does not concern a worker.
  std::uint64_t worker = 0;
  /// The text, without a newline. A line that a worker printed is unchanged, control characters
  /// included, in pieces of 8 KiB when it is longer.
  std::string_view text = {};
};

/// Receives records. If the function throws, the exception is dropped and the record goes to
/// stderr. If Phial has something to say while the function runs, on the same thread, it goes to
/// stderr too, so the function is never entered recursively.
using LogFunction = std::function<void(const LogRecord&)>;

/// Replaces the function for records that no pool's onLog takes, and returns the previous function.
/// An empty function restores the default, logToStderr. The previous function may still be running
/// on another thread.
LogFunction setLogSink(LogFunction sink);

/// Hands a record of the program's own to the process-wide function. From any thread.
void writeLog(const LogRecord& record) noexcept;

/// The default sink: queues a line such as "2026-11-26 16:50:11.123 warning [pool render, worker 3]
/// ..." (UTC) for stderr. Control characters are escaped. Debug records are ignored.
///
/// Never waits. Up to 1 MiB is queued. When the program ends normally, the queued lines are written
/// as long as the reader takes them; after a quarter of a second in which the reader takes nothing,
/// the rest is given up. An abort or _exit loses the queued lines.
///
/// Before each write descriptor 2 is checked. Nothing is written when it was closed at the
/// program's start, or has become something that is not a stderr. The check has two limits: a file
/// that is open for writing only and is inherited by child processes counts as a stderr; and if
/// another thread replaces descriptor 2 during a write, the new file may receive a line. A program
/// should therefore put /dev/null at 0, 1 and 2 rather than close them.
void logToStderr(const LogRecord& record) noexcept;

}  // namespace phial::inline v1

#pragma GCC visibility pop
