// Codecs of single values: bool, integers, enums, floating point, durations, std::monostate.
#pragma once

#include <phial/protocol/value_codec.h>

#include <chrono>
#include <variant>

#pragma GCC visibility push(default)

namespace phial::inline v1 {
namespace detail {

/// Integers of at most 64 bits, character types included.
template <class T>
concept Integer = std::integral<T> && !std::same_as<T, bool> && sizeof(T) <= 8;

/// Floating-point types, except long double, which has no form on the wire.
template <class T>
concept FloatingPoint = std::same_as<T, float> || std::same_as<T, double>;

bool decodeBool(ValueReader value);

/// Returns an integer of `bits` bits, in whichever signedness the peer has stored it. Throws
/// EncodingError when it is out of range.
std::int64_t decodeSigned(ValueReader value, int bits);
std::uint64_t decodeUnsigned(ValueReader value, int bits);

double decodeDouble(ValueReader value);
float decodeFloat(ValueReader value);
void decodeVoid(ValueReader value);

struct ScalarWords {
  static std::uint64_t words(const auto&) { return kValueWords; }
};

}  // namespace detail

template <>
struct Codec<bool> : detail::ScalarWords {
  static void write(bool value, ValueWriter to) { to.setBool(value); }
  static bool read(ValueReader value) { return detail::decodeBool(value); }
};

template <detail::Integer T>
struct Codec<T> : detail::ScalarWords {
  static void write(T value, ValueWriter to) {
    if constexpr (std::is_signed_v<T>) {
      to.setInt(value);
    } else {
      to.setUint(value);
    }
  }
  static T read(ValueReader value) {
    constexpr int kBits = 8 * sizeof(T);
    if constexpr (std::is_signed_v<T>) {
      return static_cast<T>(detail::decodeSigned(value, kBits));
    } else {
      return static_cast<T>(detail::decodeUnsigned(value, kBits));
    }
  }
};

template <class T>
  requires(std::is_enum_v<T> && !Converted<T>)
struct Codec<T> : detail::ScalarWords {
  using Number = std::underlying_type_t<T>;
  static void write(T value, ValueWriter to) {
    Codec<Number>::write(static_cast<Number>(value), to);
  }
  static T read(ValueReader value) { return static_cast<T>(Codec<Number>::read(value)); }
};

template <detail::FloatingPoint T>
struct Codec<T> : detail::ScalarWords {
  static void write(T value, ValueWriter to) { to.setFloat(value); }
  static T read(ValueReader value) {
    if constexpr (std::same_as<T, float>) {
      return detail::decodeFloat(value);
    } else {
      return detail::decodeDouble(value);
    }
  }
};

/// Only the count travels, not the unit: both ends must mean the same duration type.
template <Transferable Rep, class Period>
struct Codec<std::chrono::duration<Rep, Period>> {
  using Duration = std::chrono::duration<Rep, Period>;
  using OfPhial = Duration;
  static std::uint64_t words(const Duration& value) { return Codec<Rep>::words(value.count()); }
  static void write(const Duration& value, ValueWriter to) { Codec<Rep>::write(value.count(), to); }
  static Duration read(ValueReader value) { return Duration(Codec<Rep>::read(value)); }
};

template <>
struct Codec<std::monostate> : detail::ScalarWords {
  static constexpr bool kMayBeVoid = true;
  static void write(std::monostate, ValueWriter to) { to.setVoid(); }
  static std::monostate read(ValueReader value) {
    detail::decodeVoid(value);
    return {};
  }
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
