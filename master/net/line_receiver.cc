#include <phial/net/line_receiver.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace phial::inline v1 {

LineReceiver::LineReceiver(std::string delimiter, std::size_t maxLengthBytes)
    : delimiter_(std::move(delimiter)), maxLengthBytes_(maxLengthBytes) {
  if (delimiter_.empty()) throw std::invalid_argument("LineReceiver: the delimiter is empty");
}

void LineReceiver::lineLengthExceeded(std::string_view) { transport().loseConnection(); }

void LineReceiver::setLineMode(std::string_view extra) {
  mode_ = Mode::line;
  if (!extra.empty()) {
    // In front of what has arrived behind it.
    buffer_.erase(0, begin_).insert(0, extra);
    begin_ = scanned_ = 0;
  }
  deliver();
}

void LineReceiver::sendLine(std::string_view line) {
  transport().writeSequence({line, delimiter_});
}

void LineReceiver::pauseProducing() {
  paused_ = true;
  transport().pauseProducing();
}

void LineReceiver::resumeProducing() {
  paused_ = false;
  transport().resumeProducing();
  deliver();
}

void LineReceiver::dataReceived(std::string_view data) {
  buffer_.append(data);
  deliver();
}

bool LineReceiver::mayDeliver() const {
  return !paused_ && begin_ < buffer_.size() && !transport().disconnecting();
}

// A callback that calls back in here only changes the state: the outermost call goes on.
void LineReceiver::deliver() {
  if (std::exchange(delivering_, true)) return;
  struct Leave {
    bool& delivering;
    ~Leave() { delivering = false; }
  } const leave{delivering_};
  while (mayDeliver()) {
    if (mode_ == Mode::raw) {
      rawDataReceived(takeAll());
    } else if (!deliverLine()) {
      break;
    }
  }
  buffer_.erase(0, begin_);
  scanned_ -= begin_;
  begin_ = 0;
}

// Returns false when no whole line is there.
bool LineReceiver::deliverLine() {
  scanned_ = std::max(scanned_, begin_);
  const std::size_t end = buffer_.find(delimiter_, scanned_);
  const std::size_t length = (end == std::string::npos ? buffer_.size() : end) - begin_;
  // Without its delimiter a line may still hold the beginning of it.
  const std::size_t partial = end == std::string::npos ? delimiter_.size() - 1 : 0;
  if (length > maxLengthBytes_ + partial) {
    lineLengthExceeded(takeAll());
    return true;
  }
  if (end == std::string::npos) {
    scanned_ = buffer_.size() - std::min(length, delimiter_.size() - 1);
    return false;
  }
  const std::string line = buffer_.substr(begin_, length);  // the buffer may grow meanwhile
  begin_ = scanned_ = end + delimiter_.size();
  lineReceived(line);
  return true;
}

std::string LineReceiver::takeAll() {
  std::string all = buffer_.substr(begin_);
  buffer_.clear();
  begin_ = scanned_ = 0;
  return all;
}

}  // namespace phial::inline v1
