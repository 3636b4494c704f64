#include "master/supervision/log_capture.h"

#include <spdlog/logger.h>

#include <string_view>
#include <utility>

namespace phial::detail {

LogCapture::LogCapture(Reactor& reactor, spdlog::logger& logger, std::uint64_t worker,
                       kj::AutoCloseFd stdoutFd, kj::AutoCloseFd stderrFd)
    : stdout_(reactor, kj::mv(stdoutFd),
              [&logger, worker](std::string_view line) {
                logger.info("[worker {}] {}", worker, line);
              }),
      stderr_(reactor, kj::mv(stderrFd), [this, &logger, worker](std::string_view line) {
        logger.info("[worker {}] {}", worker, line);
        tail_.emplace_back(line);
        if (tail_.size() > kTailLines) tail_.pop_front();
      }) {}

void LogCapture::finish() {
  stdout_.finish();
  stderr_.finish();
}

}  // namespace phial::detail
