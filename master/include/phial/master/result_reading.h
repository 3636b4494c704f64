// A large result on its way out of its message, beside the loop or in slices on it. Part of job.h;
// nothing here is for users.
#pragma once

#include <kj/exception.h>
#include <phial/master/stepped_work.h>
#include <phial/protocol/value_sliced.h>
#include <phial/protocol/value_weight.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace phial::detail {

/// Decodes the result of one job. Borrows its message.
class ResultReading : public SteppedWork {
 protected:
  /// Reads about so many bytes. True: that was the last.
  virtual bool readPiece(std::size_t bytes) = 0;

 private:
  bool goOn() final { return readPiece(kPieceBytes); }
};

/// The results that are worth it cost more than this to read, in bytes that are copied; an element
/// counts as kElementCost of them. Reading what costs less takes up to 0.3 ms, about three times
/// what it takes to have another thread do it; the largest chunk of a map, 512 KiB and what is
/// around it, is among them. One with code of the program's is always worth it:
/// nobody knows how long an element takes.
template <class R>
inline constexpr std::size_t kReadAtOnce = kStdAlone<R> ? std::size_t{576} << 10 : 8 * kElementCost;

template <class R>
class SlicedReading final : public ResultReading {
 public:
  explicit SlicedReading(schema::Value::Reader value) : state_(std::make_unique<State>(value)) {}
  // What has been read of a result that nobody wants goes in the way that it came.
  ~SlicedReading() override {
    if constexpr (kFreedAside<R>) {
      if (state_) destroyAside(std::move(state_));
    }
  }

  Where where() const override { return kStdAlone<R> ? Where::beside : Where::onLoop; }

  /// The result, once. Throws EncodingError, or what a codec of the program's throws.
  /// REQUIRES: step() has returned true, and it was not stopped.
  R take() {
    const auto state = std::move(state_);
    try {
      state->run.check();
      return std::move(*state->value);
    } catch (const kj::Exception& exception) {
      throwEncoding(exception);
    }
  }

  /// Null when it is small, or of another form. Throws kj::Exception, EncodingError,
  /// std::bad_alloc.
  static std::unique_ptr<ResultReading> begin(schema::Value::Reader value) {
    if constexpr (!SlicedDecode<R>::kWhole) {
      ReadingCost cost{kReadAtOnce<R>};
      guessReading<R>(value, cost);
      if (cost.over()) return std::make_unique<SlicedReading>(value);
    }
    return nullptr;
  }

 private:
  struct State {
    explicit State(schema::Value::Reader from) : run(decodeSliced(value, from)) {}
    std::optional<R> value;
    SlicedRun run;  // refers to the value
  };

  bool readPiece(std::size_t bytes) override { return state_->run.goOn(bytes); }

  std::unique_ptr<State> state_;
};

}  // namespace phial::detail
