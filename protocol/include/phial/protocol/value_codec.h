// The basis of every codec: the customization point, and the checks that encoding and decoding
// share. Users include <phial/protocol/value.h>.
#pragma once

#include <phial/protocol/error.h>
#include <phial/protocol/value_reader.h>
#include <phial/protocol/value_writer.h>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// How values of T travel: three static functions, explained in <phial/protocol/value.h>. A codec
/// of Phial's own also has a member type OfPhial, which is T: large values of such a type are read
/// and written in pieces.
template <class T>
struct Codec;

/// The short way to a Codec: how a T becomes a value of another type, and back. See
/// <phial/protocol/value_convert.h>.
template <class T>
struct Convert;

/// A Cap'n Proto struct as a value: see <phial/protocol/message.h>.
template <class S>
class Message;

template <class T>
concept Converted = requires { typename Convert<T>::As; };

/// Types that can be arguments and results of a job. The check looks into containers but not into
/// the fields of an aggregate: a field that cannot travel is reported when the aggregate is first
/// used.
template <class T>
concept Transferable = std::same_as<T, std::remove_cvref_t<T>> &&
                       requires(const T& value, ValueWriter to, ValueReader reader) {
                         { Codec<T>::words(value) } -> std::convertible_to<std::uint64_t>;
                         Codec<T>::write(value, to);
                         { Codec<T>::read(reader) } -> std::same_as<T>;
                       };

namespace detail {

/// The words of a Value struct.
inline constexpr std::uint64_t kValueWords = 3;

/// The deepest nesting of lists and maps in one value. Only values of recursive types can exceed
/// it.
inline constexpr unsigned kMaxNesting = 64;

inline constexpr std::uint64_t wordsForBytes(std::uint64_t bytes) { return (bytes + 7) / 8; }

[[noreturn]] void throwEncoding(const std::string& message);
/// Reports what Cap'n Proto throws for a malformed message as an EncodingError, and lets every
/// other exception pass. REQUIRES: a catch block.
[[noreturn]] void throwMalformed();

/// Throws EncodingError: "expected <expected>, found <what `found` holds>".
[[noreturn]] void throwMismatch(std::string_view expected, ValueReader found);

/// One level of nesting, for as long as the object lives. Throws EncodingError when a value nests
/// deeper than kMaxNesting. A value can thus neither overflow the stack nor nest deeper than the
/// peer's reader accepts.
class Nesting {
 public:
  Nesting() {
    if (depth_ == kMaxNesting) throwTooDeep();
    ++depth_;
  }
  ~Nesting() { --depth_; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;

 private:
  friend class AtDepth;
  friend class Level;
  [[noreturn]] static void throwTooDeep();
  static inline constinit thread_local unsigned depth_ = 0;
};

/// The nesting level of a part of a value that is read or written in pieces: between two pieces the
/// thread may work on another value.
class Level {
 public:
  Level() = default;
  /// The level of the elements of a list or map at this level. Throws as Nesting does.
  Level below() const {
    if (depth_ == kMaxNesting) Nesting::throwTooDeep();
    return Level(depth_ + 1);
  }

 private:
  friend class AtDepth;
  explicit Level(unsigned depth) : depth_(depth) {}
  unsigned depth_ = 0;
};

/// Sets this thread's nesting level, for as long as the object lives.
class AtDepth {
 public:
  explicit AtDepth(Level level) : outer_(std::exchange(Nesting::depth_, level.depth_)) {}
  ~AtDepth() { Nesting::depth_ = outer_; }
  AtDepth(const AtDepth&) = delete;
  AtDepth& operator=(const AtDepth&) = delete;

 private:
  const unsigned outer_;
};

/// Returns the list that `value` holds. Every element is backed by bytes of the message. Throws
/// EncodingError when `value` holds no list.
ListReader listOf(ValueReader value, std::string_view expected = "a list");

/// As above, for a list of exactly `count` values, which the error calls `what`.
ListReader listOf(ValueReader value, std::size_t count, std::string_view what);

/// The words of a list's own structure, without its elements.
inline constexpr std::uint64_t kListWords = kValueWords + 1;

/// Reserves room for `count` decoded elements, but not much more memory than the message itself
/// has: an element takes at least one word in the message, and may take a thousand here.
template <class Container>
void reserveDecoded(Container& container, std::size_t count) {
  constexpr std::size_t kElementBytes = sizeof(typename Container::value_type);
  constexpr std::size_t kSmall = 16;
  const std::size_t backed = kElementBytes <= 8 ? count : count * 8 / kElementBytes;
  container.reserve(std::min(count, std::max(backed, kSmall)));
}

template <class T>
constexpr void requireTransferable() {
  static_assert(
      Transferable<T>,
      "Phial cannot send a value of this type to another process. To make it travel, specialise "
      "phial::Convert<T> with As, to and from, or phial::Codec<T> with words, write and read; "
      "<phial/protocol/value.h> shows how and lists the types that need nothing. For Cap'n "
      "Proto structs include <phial/protocol/value_capnp.h>.");
}

template <class T>
std::uint64_t valueWords(const T& value) {
  requireTransferable<T>();
  if constexpr (Transferable<T>) return Codec<T>::words(value);
}

template <class T>
void encodeValue(const T& value, ValueWriter to) {
  requireTransferable<T>();
  if constexpr (Transferable<T>) Codec<T>::write(value, to);
}

template <class T>
T decodeValue(ValueReader value) {
  requireTransferable<T>();
  if constexpr (Transferable<T>) return Codec<T>::read(value);
}

/// Reports what a program's conversion throws as an error of the value. REQUIRES: a catch block.
[[noreturn]] void throwConversion();

template <Converted T>
T convertedFrom(typename Convert<T>::As&& value) {
  try {
    return Convert<T>::from(std::move(value));
  } catch (...) {
    throwConversion();
  }
}

}  // namespace detail
}  // namespace phial::inline v1

#pragma GCC visibility pop
