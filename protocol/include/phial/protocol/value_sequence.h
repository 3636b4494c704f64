// Codecs of std::string, std::vector and std::array.
#pragma once

#include <phial/protocol/large_memory.h>
#include <phial/protocol/value_packed.h>

#include <array>
#include <cstring>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {
namespace detail {

/// The words of a range whose elements are encoded one by one.
template <class Range>
std::uint64_t rangeWords(const Range& range) {
  const Nesting nesting;
  std::uint64_t words = kListWords;
  for (const auto& element : range) words += valueWords(element);
  return words;
}

template <class Range>
void encodeRange(const Range& range, ValueWriter to) {
  const Nesting nesting;
  auto list = to.initList(range.size());
  std::size_t index = 0;
  for (const auto& element : range) encodeValue(element, list[index++]);
}

/// The common part of vectors and arrays of T: numbers are stored densely, other elements one by
/// one.
template <class T>
struct SequenceCodec {
  static std::uint64_t words(std::span<const T> values) {
    if constexpr (ByteLike<T>) {
      return dataWords(values.size());
    } else if constexpr (PackedNumber<T>) {
      return packedWords(values.size_bytes());
    } else {
      return rangeWords(values);
    }
  }
  static void write(std::span<const T> values, ValueWriter to,
                    [[maybe_unused]] Tail tail = Tail::unknown) {
    if constexpr (ByteLike<T>) {
      encodeData(std::as_bytes(values), to, kMaxChunkBytes, tail);
    } else if constexpr (PackedNumber<T>) {
      encodePacked(numberOf<T>(), std::as_bytes(values), to, kMaxChunkBytes, tail);
    } else {
      encodeRange(values, to);
    }
  }
  /// REQUIRES: T is ByteLike or a PackedNumber.
  static Chunks chunks(ValueReader value) {
    if constexpr (ByteLike<T>) {
      return Chunks::ofBytes(value);
    } else {
      return Chunks::ofNumbers(value, numberOf<T>());
    }
  }
};

void encodeBools(const std::vector<bool>& values, ValueWriter to,
                 std::uint64_t chunkBytes = kMaxChunkBytes);
std::vector<bool> decodeBools(ValueReader value);

}  // namespace detail

template <>
struct Codec<std::string> {
  using OfPhial = std::string;
  static std::uint64_t words(const std::string& value) { return detail::textWords(value.size()); }
  static void write(const std::string& value, ValueWriter to) { detail::encodeText(value, to); }
  static std::string read(ValueReader value) { return detail::decodeText(value); }
};

template <Transferable T, class Allocator>
struct Codec<std::vector<T, Allocator>> {
  using Vector = std::vector<T, Allocator>;
  using OfPhial = Vector;
  static std::uint64_t words(const Vector& value) { return detail::SequenceCodec<T>::words(value); }
  static void write(const Vector& value, ValueWriter to) {
    detail::SequenceCodec<T>::write(value, to);
  }
  static Vector read(ValueReader value) {
    Vector result;
    if constexpr (detail::PackedNumber<T>) {
      if (!value.isList()) {
        const auto chunks = detail::SequenceCodec<T>::chunks(value);
        detail::reserveToFill(result, chunks.bytes() / sizeof(T));
        chunks.template forEach<T>(
            [&](auto chunk) { result.insert(result.end(), chunk.begin(), chunk.end()); });
        return result;
      }
    }
    const detail::Nesting nesting;
    const auto list = detail::listOf(value);
    detail::reserveDecoded(result, list.size());
    for (const auto element : list) result.push_back(detail::decodeValue<T>(element));
    return result;
  }
};

template <class Allocator>
struct Codec<std::vector<bool, Allocator>> {
  using Vector = std::vector<bool, Allocator>;
  using OfPhial = Vector;
  static std::uint64_t words(const Vector& value) { return detail::packedWords(value.size()); }
  static void write(const Vector& value, ValueWriter to) { detail::encodeBools(value, to); }
  static Vector read(ValueReader value) { return detail::decodeBools(value); }
};

template <Transferable T, std::size_t N>
struct Codec<std::array<T, N>> {
  using Array = std::array<T, N>;
  using OfPhial = Array;
  static std::uint64_t words(const Array& value) { return detail::SequenceCodec<T>::words(value); }
  static void write(const Array& value, ValueWriter to) {
    detail::SequenceCodec<T>::write(value, to);
  }
  static Array read(ValueReader value) {
    if constexpr (detail::PackedNumber<T>) {
      if (!value.isList()) {
        const auto chunks = detail::SequenceCodec<T>::chunks(value);
        if (chunks.bytes() != N * sizeof(T)) {
          detail::throwCount(N, chunks.bytes() / sizeof(T), "elements");
        }
        Array result;
        if constexpr (N > 0) chunks.copyTo(result.data());
        return result;
      }
    }
    const detail::Nesting nesting;
    const auto list = detail::listOf(value, N, "elements");
    if constexpr (std::default_initializable<T>) {
      Array result{};
      for (std::size_t i = 0; i < N; ++i) result[i] = detail::decodeValue<T>(list[i]);
      return result;
    } else {
      return [&]<std::size_t... I>(std::index_sequence<I...>) {
        return Array{detail::decodeValue<T>(list[I])...};
      }(std::make_index_sequence<N>());
    }
  }
};

template <std::size_t N>
struct Codec<std::array<bool, N>> {
  using Array = std::array<bool, N>;
  using OfPhial = Array;
  static std::uint64_t words(const Array&) { return detail::packedWords(N); }
  static void write(const Array& value, ValueWriter to) {
    detail::encodeBools(std::vector<bool>(value.begin(), value.end()), to);
  }
  static Array read(ValueReader value) {
    const auto bools = detail::decodeBools(value);
    if (bools.size() != N) detail::throwCount(N, bools.size(), "elements");
    Array result{};
    std::copy(bools.begin(), bools.end(), result.begin());
    return result;
  }
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
