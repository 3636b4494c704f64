// A large result on its way out of its message, on a thread beside the loop. Part of job.h; nothing
// here is for users.
#pragma once

#include <phial/protocol/value_sliced.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <utility>

namespace phial::detail {

/// Decodes the result of one job. Borrows its message.
/// Thread rule: one thread at a time, but for stop().
class ResultReading {
 public:
  virtual ~ResultReading() = default;

  /// Reads on for a slice of time. True when there is no more to do: all has been read, or it was
  /// stopped.
  bool step() {
    const auto until = Clock::now() + kSlice;
    while (!stopped_ && !readPiece(kPieceBytes)) {
      if (Clock::now() >= until) return false;
    }
    return true;
  }

  /// Nobody wants the result any more.
  void stop() { stopped_ = true; }
  bool stopped() const { return stopped_; }

 protected:
  /// True: that was the last.
  virtual bool readPiece(std::size_t bytes) = 0;

 private:
  using Clock = std::chrono::steady_clock;

  // Into fresh memory such a piece takes 0.1 ms, into huge pages or warm memory much less.
  static constexpr std::size_t kPieceBytes = 128 << 10;
  static constexpr auto kSlice = std::chrono::microseconds(300);

  std::atomic<bool> stopped_ = false;
};

/// The results that are worth it: those that accept() would take longer than a slice for.
inline constexpr std::size_t kReadAtOnceBytes = 512 << 10;

template <class R>
class FlatReading final : public ResultReading {
 public:
  explicit FlatReading(Chunks chunks) : decode_(std::move(chunks)) {}
  R take() { return decode_.take(); }

  /// Null when it is small, or of another form. Throws EncodingError, std::bad_alloc.
  static std::unique_ptr<ResultReading> begin(schema::Value::Reader value) {
    auto chunks = chunksOf<R>(value);
    if (chunks.bytes() <= kReadAtOnceBytes) return nullptr;
    return std::make_unique<FlatReading>(std::move(chunks));
  }

 private:
  bool readPiece(std::size_t bytes) override { return decode_.step(bytes); }

  SlicedDecode<R> decode_;
};

}  // namespace phial::detail
