// What a worker prints: into the pool's log line by line, and some of it kept for its certificate.
#pragma once

#include <kj/io.h>
#include <phial/master/reactor.h>

#include <memory>
#include <optional>

#include "master/log/pool_log.h"
#include "master/process/line_reader.h"
#include "master/worker/stderr_excerpt.h"

namespace phial::inline v1::detail {

class LogCapture {
 public:
  /// Takes over both descriptors; `reactor` is borrowed. Each line becomes a record of `worker`,
  /// handed to the log from the loop. A log function may call close().
  LogCapture(Reactor& reactor, std::shared_ptr<const PoolLog> log, std::uint64_t worker,
             kj::AutoCloseFd stdoutFd, kj::AutoCloseFd stderrFd);

  /// Reads what the pipes held when the worker died, whoever else may hold them: a turn's share at
  /// each call. Returns true while there is more.
  bool finish();
  /// Reads no more; for a log function that ends the pool.
  void close();

  const StderrExcerpt& excerpt() const { return *excerpt_; }
  void jobAnswered() { excerpt_->jobAnswered(); }

 private:
  const std::shared_ptr<StderrExcerpt> excerpt_;
  std::optional<LineReader> stdout_;
  std::optional<LineReader> stderr_;
};

}  // namespace phial::inline v1::detail
