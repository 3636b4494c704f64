#include "master/supervision/line_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace phial::detail {

// Shared, so that it survives a callback that destroys the reader.
class LineReader::State : public std::enable_shared_from_this<State> {
 public:
  State(kj::AutoCloseFd fd, std::function<void(std::string_view)> onLine,
        std::function<void()> onEnd)
      : fd_(kj::mv(fd)), onLine_(std::move(onLine)), onEnd_(std::move(onEnd)) {}

  void watch(Reactor& reactor) {
    watch_ = reactor.addReader(fd_, [this] { readUpTo(kBytesPerTurn); });
  }

  void finish() {
    const auto self = shared_from_this();
    onEnd_ = nullptr;
    const int capacity = fcntl(fd_, F_GETPIPE_SZ);
    if (open()) readUpTo(std::max<std::size_t>(capacity > 0 ? capacity : 0, kBytesPerTurn));
    if (open()) end();
  }

  void close() {
    onEnd_ = nullptr;
    watch_.stop();
    fd_ = nullptr;
  }

  bool open() const { return fd_.get() >= 0; }

 private:
  void readUpTo(std::size_t limit) {
    const auto self = shared_from_this();
    std::array<char, 16 * 1024> buffer;
    for (std::size_t total = 0; open() && total < limit;) {
      const ssize_t n = ::read(fd_, buffer.data(), std::min(buffer.size(), limit - total));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) return;
      if (n <= 0) return end();
      total += static_cast<std::size_t>(n);
      take({buffer.data(), static_cast<std::size_t>(n)});
    }
  }

  void take(std::string_view text) {
    while (!text.empty() && open()) {
      const auto newline = text.find('\n');
      const std::size_t room = kMaxLineBytes - partial_.size();
      if (newline <= room) {  // npos is larger
        partial_ += text.substr(0, newline);
        text.remove_prefix(newline + 1);
        emit();
      } else {
        partial_ += text.substr(0, room);
        text.remove_prefix(std::min(room, text.size()));
        if (partial_.size() == kMaxLineBytes && !text.empty()) emit();
      }
    }
  }

  void emit() {
    const std::string line = std::exchange(partial_, {});
    onLine_(line);
  }

  void end() {
    watch_.stop();
    if (!partial_.empty()) emit();
    fd_ = nullptr;
    if (const auto onEnd = std::exchange(onEnd_, nullptr)) onEnd();
  }

  kj::AutoCloseFd fd_;
  std::function<void(std::string_view)> onLine_;
  std::function<void()> onEnd_;
  Watch watch_;  // after fd_: goes first
  std::string partial_;
};

LineReader::LineReader(Reactor& reactor, kj::AutoCloseFd fd,
                       std::function<void(std::string_view)> onLine, std::function<void()> onEnd)
    : state_(std::make_shared<State>(kj::mv(fd), std::move(onLine), std::move(onEnd))) {
  state_->watch(reactor);
}

LineReader::~LineReader() { state_->close(); }

void LineReader::finish() { state_->finish(); }

bool LineReader::ended() const { return !state_->open(); }

}  // namespace phial::detail
