#include "master/service/trace_output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string_view>
#include <system_error>
#include <utility>

namespace phial::inline v1::detail {
namespace {

constexpr std::string_view kEnd = "\n]\n";

// False, with errno set: not all of it was written.
bool writeAll(int fd, std::string_view text, std::uint64_t at) {
  while (!text.empty()) {
    const auto written = ::pwrite(fd, text.data(), text.size(), static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      if (written == 0) errno = ENOSPC;
      return false;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
    at += static_cast<std::uint64_t>(written);
  }
  return true;
}

}  // namespace

TraceOutput::TraceOutput(std::string path, std::size_t maxFiles)
    : path_(std::move(path)), maxFiles_(maxFiles) {}

TraceOutput::~TraceOutput() { close(); }

void TraceOutput::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void TraceOutput::beginFile(std::string header) {
  close();
  header_ = std::move(header);
}

std::optional<std::string> TraceOutput::append(const std::string& events) {
  if (fd_ < 0) {
    if (auto failure = open()) return failure;
  }
  if (events.empty() || writeAtEnd(events)) return std::nullopt;
  return problem("write");
}

// A file that cannot be written does not block, whatever it is: a pipe without a reader would.
std::optional<std::string> TraceOutput::open() {
  shift();
  constexpr mode_t kMode = 0666;  // less the program's umask
  fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
               kMode);
  if (fd_ < 0) return problem("open");
  struct stat status{};
  if (::fstat(fd_, &status) != 0 || !(S_ISREG(status.st_mode) || S_ISCHR(status.st_mode))) {
    close();
    return "cannot write the trace " + path_ + ": it is neither a file nor a device";
  }
  end_ = 0;
  if (writeAtEnd(header_)) return std::nullopt;
  auto failure = problem("write");
  close();
  return failure;
}

// path.1 becomes path.2 and so on; the last is replaced. What cannot be renamed is overwritten, as
// it would be without the others.
void TraceOutput::shift() const {
  struct stat status{};
  if (maxFiles_ == 1 || ::lstat(path_.c_str(), &status) != 0) return;
  if (!S_ISREG(status.st_mode) || status.st_size == 0) return;
  const auto name = [&](std::size_t i) { return i == 0 ? path_ : path_ + "." + std::to_string(i); };
  for (std::size_t i = maxFiles_ - 1; i > 0; --i) {
    std::rename(name(i - 1).c_str(), name(i).c_str());
  }
}

bool TraceOutput::writeAtEnd(const std::string& text) {
  if (writeAll(fd_, text + std::string(kEnd), end_)) {
    end_ += text.size();
    return true;
  }
  const int reason = errno;
  // The bytes that the bracket stood on are the file's own already.
  if (end_ > 0 && writeAll(fd_, kEnd, end_)) {
    static_cast<void>(::ftruncate(fd_, static_cast<off_t>(end_ + kEnd.size())));
  }
  errno = reason;
  return false;
}

std::string TraceOutput::problem(const char* what) const {
  return std::string("cannot ") + what + " the trace " + path_ + ": " +
         std::generic_category().message(errno);
}

}  // namespace phial::inline v1::detail
