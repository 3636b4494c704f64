// Reads a large result from its message, beside the loop or in slices on the loop. Part of job.h;
// nothing here is for users.
#pragma once

#include <phial/master/detail/stepped_work.h>
#include <phial/protocol/value_sliced.h>
#include <phial/protocol/value_weight.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

/// Decodes the result of one job. Borrows the message.
class ResultReading : public SteppedWork {
 protected:
  /// Reads about `bytes` bytes. Returns true after the last piece.
  virtual bool readPiece(std::size_t bytes) = 0;

 private:
  bool goOn() final { return readPiece(kPieceBytes); }
};

/// A result is read in pieces if reading it costs more than this, in bytes that are copied; an
/// element counts as kElementCost bytes. Reading a cheaper result takes up to 0.3 ms, about three
/// times as long as handing it to another thread. The largest chunk of a map (512 KiB and its
/// envelope) is cheaper than the limit. A result read by code of the program's has a lower limit,
/// because nobody knows how long an element takes.
template <class R>
inline constexpr std::size_t kReadAtOnce = kStdAlone<R> ? std::size_t{576} << 10 : 8 * kElementCost;

template <class R>
class SlicedReading final : public ResultReading {
 public:
  explicit SlicedReading(ValueReader value) : state_(std::make_unique<State>(value)) {}
  // A partly read result that nobody wants is destroyed beside the loop, too.
  ~SlicedReading() override {
    if constexpr (kFreedAside<R>) {
      if (state_) destroyAside(std::move(state_));
    }
  }

  Where where() const override { return kStdAlone<R> ? Where::beside : Where::onLoop; }

  /// Returns the result; may be called once. Throws EncodingError, or what a codec of the program's
  /// throws. REQUIRES: step() has returned true, and the work was not stopped.
  R take() {
    const auto state = std::move(state_);
    try {
      state->run.check();
      return std::move(*state->value);
    } catch (...) {
      throwMalformed();
    }
  }

  /// Begins reading. Null when the result is small, or is never read in pieces. Throws
  /// EncodingError, std::bad_alloc, and what a malformed message throws.
  static std::unique_ptr<ResultReading> begin(ValueReader value) {
    if constexpr (!SlicedDecode<R>::kWhole) {
      ReadingCost cost{kReadAtOnce<R>};
      guessReading<R>(value, cost);
      if (cost.over()) return std::unique_ptr<ResultReading>(new SlicedReading(value));
    }
    return nullptr;
  }

 private:
  struct State {
    explicit State(ValueReader from) : run(decodeSliced(value, from)) {}
    std::optional<R> value;
    SlicedRun run;  // refers to the value
  };

  bool readPiece(std::size_t bytes) override { return state_->run.goOn(bytes); }

  std::unique_ptr<State> state_;
};

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
