#include "master/process/child_reader.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace phial::inline v1::detail {
namespace {

// What a pipe holds: one system call empties it, and a callback that copies so much takes 10 us.
constexpr std::size_t kMostBytes = std::size_t{64} << 10;

}  // namespace

void ChildReader::resume() {
  if (fd_.get() < 0 || watch_.active()) return;
  watch_ = reactor_.addReader(fd_, [this] { read(); });
}

// A callback may drop the reader, and the connection with it.
void ChildReader::read() {
  const auto self = shared_from_this();
  std::array<char, kMostBytes> bytes;  // NOLINT: read() fills it
  const ssize_t n = ::read(fd_, bytes.data(), bytes.size());
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  // A terminal ends with EIO when no process has it open any more.
  if (n <= 0) return lose();
  const auto onData = callbacks_.onData;  // a copy: the callback may close the pipe
  onData({bytes.data(), static_cast<std::size_t>(n)});
}

void ChildReader::lose() {
  if (fd_.get() < 0) return;
  const auto onLost = std::move(callbacks_.onLost);
  abandon();
  reactor_.callSoon(onLost);
}

void ChildReader::abandon() noexcept {
  watch_.stop();
  fd_ = nullptr;
  callbacks_ = {};
}

}  // namespace phial::inline v1::detail
