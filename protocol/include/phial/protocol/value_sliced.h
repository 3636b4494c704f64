// Large values that are decoded piece by piece, so that a loop can do something else in between.
#pragma once

#include <phial/protocol/large_memory.h>
#include <phial/protocol/value_sequence.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace phial::detail {

/// Types of which a value is a run of bytes: vectors of plain numbers, and strings.
template <class T>
inline constexpr bool kFlat = false;
template <PackedNumber T>
inline constexpr bool kFlat<std::vector<T>> = true;
template <>
inline constexpr bool kFlat<std::string> = true;

/// Where the bytes of such a value lie; none when it does not lie in chunks.
template <class T>
Chunks chunksOf(schema::Value::Reader value) {
  if constexpr (std::is_same_v<T, std::string>) {
    return value.isData() ? Chunks(value.getData()) : Chunks();
  } else {
    const bool inChunks = value.isData() || value.isPacked();
    return inChunks ? SequenceCodec<typename T::value_type>::chunks(value) : Chunks();
  }
}

/// Decodes one flat value. Borrows the message, and `chunks` is all of it that it reads.
template <class T>
class SlicedDecode {
 public:
  explicit SlicedDecode(Chunks chunks) : chunks_(std::move(chunks)) {
    reserveToFill(value_, chunks_.bytes() / sizeof(Element));
  }
  ~SlicedDecode() { dropAside(value_); }
  SlicedDecode(const SlicedDecode&) = delete;
  SlicedDecode& operator=(const SlicedDecode&) = delete;

  /// Decodes about `bytes` more. True when there is no more.
  bool step(std::size_t bytes) {
    if (chunk_ == chunks_.count()) return true;
    const auto whole = chunks_.chunk<Element>(chunk_);
    const auto piece = whole.subspan(at_, std::min(whole.size() - at_, bytes / sizeof(Element)));
    value_.insert(value_.end(), piece.begin(), piece.end());
    at_ += piece.size();
    if (at_ == whole.size()) {
      ++chunk_;
      at_ = 0;
    }
    return chunk_ == chunks_.count();
  }

  /// REQUIRES: step() has returned true.
  T take() { return std::move(value_); }

 private:
  using Element = typename T::value_type;

  const Chunks chunks_;
  std::size_t chunk_ = 0;
  std::size_t at_ = 0;  // elements of the chunk that are decoded
  T value_;
};

}  // namespace phial::detail
