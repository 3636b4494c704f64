// A Protocol that receives lines. After twisted.protocols.basic.LineReceiver.
//
// Thread rule: the reactor's thread.
#pragma once

#include <phial/net/protocol.h>

#include <cstddef>
#include <string>
#include <string_view>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// Receives lines, or raw bytes in between. At most the longest line and its delimiter, and what
/// one read has brought, are kept in memory. After loseConnection() no further line is delivered.
class LineReceiver : public Protocol {
 public:
  static constexpr std::size_t kMaxLengthBytes = 16384;

  /// `delimiter` ends a line. Throws std::invalid_argument when it is empty.
  explicit LineReceiver(std::string delimiter = "\r\n",
                        std::size_t maxLengthBytes = kMaxLengthBytes);

  /// A line, without its delimiter; borrowed during the call.
  virtual void lineReceived(std::string_view line) = 0;
  /// Bytes in raw mode.
  virtual void rawDataReceived(std::string_view data) { static_cast<void>(data); }
  /// A line is longer than the maximum. `line` is what has arrived of it and after it, and is
  /// dropped afterwards. The default closes the connection.
  virtual void lineLengthExceeded(std::string_view line);

  /// From now on rawDataReceived() gets what arrives, and what has arrived behind this line.
  void setRawMode() { mode_ = Mode::raw; }
  /// From now on lines again. `extra` is what rawDataReceived() has got too much.
  void setLineMode(std::string_view extra = {});
  /// Sends `line` and the delimiter.
  void sendLine(std::string_view line);

  /// Delivers no line until resumeProducing(), also none that has arrived; reading pauses too.
  void pauseProducing();
  /// Delivers what has arrived, inside this call unless a line is being delivered.
  void resumeProducing();

  void dataReceived(std::string_view data) final;

 private:
  enum class Mode { line, raw };
  void deliver();
  bool deliverLine();
  bool mayDeliver() const;
  std::string takeAll();

  const std::string delimiter_;
  const std::size_t maxLengthBytes_;
  Mode mode_ = Mode::line;
  bool paused_ = false;
  bool delivering_ = false;
  std::string buffer_;
  std::size_t begin_ = 0;    // what lies before has been delivered
  std::size_t scanned_ = 0;  // no delimiter begins before
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
