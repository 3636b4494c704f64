// What every codec of a C++ type stands on: the customization point, and the checks that encoding
// and decoding share. Users include <phial/protocol/value.h>.
#pragma once

#include <phial/protocol/error.h>
#include <phial/schema/value.capnp.h>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace kj {
class Exception;
}

namespace phial {

/// How values of T travel: three static functions, explained in <phial/protocol/value.h>. Those of
/// Phial's own have a member type OfPhial besides, which is T: such values are read and written in
/// pieces when they are large.
template <class T>
struct Codec;

/// Types that can be arguments and results of a job. Looks through containers, not into the fields
/// of an aggregate: a field that cannot travel is reported when the aggregate is first used.
template <class T>
concept Transferable =
    std::same_as<T, std::remove_cvref_t<T>> &&
    requires(const T& value, schema::Value::Builder builder, schema::Value::Reader reader) {
      { Codec<T>::words(value) } -> std::convertible_to<std::uint64_t>;
      Codec<T>::encode(value, builder);
      { Codec<T>::decode(reader) } -> std::same_as<T>;
    };

namespace detail {

using ValueList = capnp::List<schema::Value>;

inline constexpr std::uint64_t kValueWords =
    schema::Value::_capnpPrivate::dataWordSize + schema::Value::_capnpPrivate::pointerCount;

/// How deep lists and maps may nest in one value. Only values of recursive types can exceed it.
inline constexpr unsigned kMaxNesting = 64;

inline constexpr std::uint64_t wordsForBytes(std::uint64_t bytes) { return (bytes + 7) / 8; }

[[noreturn]] void throwEncoding(const std::string& message);
[[noreturn]] void throwEncoding(const kj::Exception& exception);

/// "expected <expected>, found <what `found` holds>".
[[noreturn]] void throwMismatch(std::string_view expected, schema::Value::Reader found);

/// One level of a list or map, for as long as it lives. Throws EncodingError when a value nests
/// deeper than kMaxNesting, so that a value can neither overflow the stack nor exceed what the
/// peer's reader follows.
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

/// How deep a part of a value lies, for what is read or written in pieces: between two of them the
/// thread may be at another value.
class Level {
 public:
  Level() = default;
  /// Of what lies in a list or map at this level. Throws as Nesting does.
  Level below() const {
    if (depth_ == kMaxNesting) Nesting::throwTooDeep();
    return Level(depth_ + 1);
  }

 private:
  friend class AtDepth;
  explicit Level(unsigned depth) : depth_(depth) {}
  unsigned depth_ = 0;
};

/// What is read or written while one lives lies at this level.
class AtDepth {
 public:
  explicit AtDepth(Level level) : outer_(std::exchange(Nesting::depth_, level.depth_)) {}
  ~AtDepth() { Nesting::depth_ = outer_; }
  AtDepth(const AtDepth&) = delete;
  AtDepth& operator=(const AtDepth&) = delete;

 private:
  const unsigned outer_;
};

/// Makes `builder` a list of `count` values. Throws EncodingError when a message cannot hold them.
ValueList::Builder initList(schema::Value::Builder builder, std::size_t count);

/// The list that `value` holds, every element of it backed by bytes of the message.
ValueList::Reader listOf(schema::Value::Reader value, std::string_view expected = "a list");

/// The same for a list of exactly `count` values, called `what` in the error.
ValueList::Reader listOf(schema::Value::Reader value, std::size_t count, std::string_view what);

/// The words of a list's own structure, without its elements.
inline constexpr std::uint64_t kListWords = kValueWords + 1;

/// Room for `count` decoded elements, but not for much more memory than the message's own: an
/// element takes at least a word there and may take a thousand here.
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
      "phial::Codec<T> with the functions words, encode and decode; <phial/protocol/value.h> shows "
      "how and lists the types that need nothing.");
}

template <class T>
std::uint64_t valueWords(const T& value) {
  requireTransferable<T>();
  if constexpr (Transferable<T>) return Codec<T>::words(value);
}

template <class T>
void encodeValue(const T& value, schema::Value::Builder builder) {
  requireTransferable<T>();
  if constexpr (Transferable<T>) Codec<T>::encode(value, builder);
}

template <class T>
T decodeValue(schema::Value::Reader value) {
  requireTransferable<T>();
  if constexpr (Transferable<T>) return Codec<T>::decode(value);
}

}  // namespace detail
}  // namespace phial
