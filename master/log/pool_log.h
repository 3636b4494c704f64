// The log of one pool.
#pragma once

#include <phial/master/log.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "master/log/log.h"

namespace phial::inline v1::detail {

/// Thread rule: the pool's thread. Shared by the pool and its workers' output; keeps no record.
class PoolLog {
 public:
  /// Records go to `onLog`, or to the process-wide sink when it is empty.
  PoolLog(std::string pool, LogFunction onLog) : pool_(std::move(pool)), onLog_(std::move(onLog)) {}

  /// Calls the program's function, which may do anything, the destruction of the pool included:
  /// so it is called last, and on a PoolLog that its caller holds.
  void write(LogLevel level, std::uint64_t worker, std::string_view text) const noexcept {
    const LogRecord record{.level = level, .pool = pool_, .worker = worker, .text = text};
    if (onLog_) return logTo(onLog_, record);
    log(record);
  }

 private:
  const std::string pool_;
  const LogFunction onLog_;
};

}  // namespace phial::inline v1::detail
