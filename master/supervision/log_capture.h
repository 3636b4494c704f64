// What a worker prints: into the pool's log line by line, and the last of it kept.
#pragma once

#include <kj/io.h>
#include <phial/master/reactor.h>

#include <deque>
#include <string>
#include <vector>

#include "master/supervision/line_reader.h"

namespace spdlog {
class logger;
}

namespace phial::detail {

class LogCapture {
 public:
  /// How many lines of stderr a death certificate quotes.
  static constexpr std::size_t kTailLines = 20;

  /// Takes over both descriptors; the rest is borrowed. `worker` is the number put before each
  /// line.
  LogCapture(Reactor& reactor, spdlog::logger& logger, std::uint64_t worker,
             kj::AutoCloseFd stdoutFd, kj::AutoCloseFd stderrFd);

  /// Reads what the pipes hold now and stops, whoever else may hold them: the worker is dead.
  void finish();

  /// The last lines of stderr, oldest first.
  std::vector<std::string> stderrTail() const { return {tail_.begin(), tail_.end()}; }

 private:
  std::deque<std::string> tail_;
  LineReader stdout_;
  LineReader stderr_;
};

}  // namespace phial::detail
