#include "master/worker/log_capture.h"

#include <string_view>
#include <utility>

namespace phial::inline v1::detail {

LogCapture::LogCapture(Reactor& reactor, std::shared_ptr<const PoolLog> log, std::uint64_t worker,
                       kj::AutoCloseFd stdoutFd, kj::AutoCloseFd stderrFd)
    : excerpt_(std::make_shared<StderrExcerpt>()) {
  stdout_.emplace(reactor, kj::mv(stdoutFd), [log, worker](std::string_view line) {
    log->write(LogLevel::info, worker, line);
  });
  stderr_.emplace(reactor, kj::mv(stderrFd),
                  [log, worker, excerpt = excerpt_](std::string_view line) {
                    excerpt->add(line);
                    log->write(LogLevel::info, worker, line);
                  });
}

bool LogCapture::finish() {
  const bool more = stdout_ && stdout_->finish();
  return (stderr_ && stderr_->finish()) || more;
}

void LogCapture::close() {
  stdout_.reset();
  stderr_.reset();
}

}  // namespace phial::inline v1::detail
