#include "master/process/line_reader.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

namespace phial::inline v1::detail {

// Shared, so that it survives a callback that destroys the reader.
class LineReader::State : public std::enable_shared_from_this<State> {
 public:
  State(Reactor& reactor, kj::AutoCloseFd fd, std::function<void(std::string_view)> onLine,
        std::function<void()> onEnd)
      : reactor_(reactor), fd_(kj::mv(fd)), onLine_(std::move(onLine)), onEnd_(std::move(onEnd)) {}

  void watch() {
    watch_ = reactor_.addReader(fd_, [this] {
      if (!again_.active()) turn();  // else it goes on in this turn all the same
    });
  }

  bool finish() {
    const auto self = shared_from_this();
    if (!open()) return false;
    if (!left_) stopListening();
    if (unsplit().empty() && *left_ > 0) *left_ -= fill(std::min(*left_, kBytesPerTurn));
    if (!open()) return false;
    split();
    if (!open()) return false;  // by a line's receiver
    if (!unsplit().empty() || *left_ > 0) return true;
    end();
    return false;
  }

  void close() {
    onEnd_ = nullptr;
    again_.cancel();
    watch_.stop();
    fd_ = nullptr;
  }

  bool open() const { return fd_.get() >= 0; }

 private:
  // A turn's share.
  void turn() {
    const auto self = shared_from_this();
    if (unsplit().empty()) fill(kBytesPerTurn);
    split();
    if (!open() || unsplit().empty()) return;
    again_ = reactor_.callLater(Duration::zero(), [this] { turn(); });
  }

  void stopListening() {
    onEnd_ = nullptr;
    again_.cancel();
    watch_.stop();
    int bytes = 0;
    left_ = ::ioctl(fd_, FIONREAD, &bytes) == 0 ? static_cast<std::size_t>(bytes) : 0;
  }

  std::string_view unsplit() const { return std::string_view(text_).substr(split_); }

  // Replaces what has been given out by what is read next. Returns its size, at the pipe's end or
  // when there is nothing now `most`, so that nobody waits for the rest.
  std::size_t fill(std::size_t most) {
    text_.resize(most);
    split_ = 0;
    ssize_t n = -1;
    do {
      n = ::read(fd_, text_.data(), most);
    } while (n < 0 && errno == EINTR);
    const bool later = n < 0 && errno == EAGAIN;
    text_.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    if (n > 0) return static_cast<std::size_t>(n);
    if (!later) end();
    return most;
  }

  void split() {
    for (std::size_t lines = 0; lines < kLinesPerTurn && open() && !unsplit().empty();) {
      const std::string_view text = unsplit();
      const auto newline = text.find('\n');
      const std::size_t room = kMaxLineBytes - partial_.size();
      const bool whole = newline <= room;  // npos is larger
      const std::size_t taken = whole ? newline : std::min(room, text.size());
      partial_ += text.substr(0, taken);
      split_ += whole ? taken + 1 : taken;
      if (!whole && (partial_.size() < kMaxLineBytes || unsplit().empty())) continue;
      emit();
      ++lines;
    }
    if (!unsplit().empty()) return;
    text_.clear();
    split_ = 0;
  }

  void emit() {
    const std::string line = std::exchange(partial_, {});
    onLine_(line);
  }

  void end() {
    again_.cancel();
    watch_.stop();
    const auto onEnd = std::exchange(onEnd_, nullptr);
    if (!partial_.empty()) emit();
    const bool destroyed = !open();
    fd_ = nullptr;
    if (onEnd && !destroyed) onEnd();
  }

  Reactor& reactor_;
  kj::AutoCloseFd fd_;
  std::function<void(std::string_view)> onLine_;
  std::function<void()> onEnd_;
  Watch watch_;            // after fd_: goes first
  DelayedCall again_;      // active while text_ holds lines for the next turn
  std::string text_;       // as it was read
  std::size_t split_ = 0;  // what of text_ is in lines already
  std::string partial_;
  std::optional<std::size_t> left_;  // for finish(): what the pipe still holds of its child
};

LineReader::LineReader(Reactor& reactor, kj::AutoCloseFd fd,
                       std::function<void(std::string_view)> onLine, std::function<void()> onEnd)
    : state_(std::make_shared<State>(reactor, kj::mv(fd), std::move(onLine), std::move(onEnd))) {
  state_->watch();
}

LineReader::~LineReader() { state_->close(); }

bool LineReader::finish() { return state_->finish(); }

bool LineReader::ended() const { return !state_->open(); }

}  // namespace phial::inline v1::detail
