#include "failure_jobs.h"

#include <phial/protocol/error.h>
#include <pthread.h>

#include <cerrno>
#include <exception>
#include <stdexcept>
#include <system_error>

namespace failure_jobs {

namespace {

struct NullWhat : std::exception {
  const char* what() const noexcept override { return nullptr; }
};

}  // namespace

int invalidArgument(const std::string& text) { throw std::invalid_argument(text); }
int noSuchFile(const std::string& text) {
  throw std::system_error(ENOENT, std::generic_category(), text);
}
int cancelledError(const std::string& text) { throw phial::CancelledError(text); }
int queueFull(const std::string& text) { throw phial::QueueFull(text); }
int nullWhat() { throw NullWhat(); }
int endOfThread() { ::pthread_exit(nullptr); }

}  // namespace failure_jobs
