// Codecs of single values: bool, integers, enums, floating point, durations, std::monostate.
#pragma once

#include <phial/protocol/value_codec.h>

#include <chrono>
#include <variant>

namespace phial::inline v1 {
namespace detail {

/// Integers of at most 64 bits, character types included.
template <class T>
concept Integer = std::integral<T> && !std::same_as<T, bool> && sizeof(T) <= 8;

/// Floating-point types, except long double, which has no form on the wire.
template <class T>
concept FloatingPoint = std::same_as<T, float> || std::same_as<T, double>;

bool decodeBool(schema::Value::Reader value);

/// Returns an integer of `bits` bits, in whichever signedness the peer has stored it. Throws
/// EncodingError when it is out of range.
std::int64_t decodeSigned(schema::Value::Reader value, int bits);
std::uint64_t decodeUnsigned(schema::Value::Reader value, int bits);

double decodeDouble(schema::Value::Reader value);
float decodeFloat(schema::Value::Reader value);
void decodeVoid(schema::Value::Reader value);

struct ScalarWords {
  static std::uint64_t words(const auto&) { return kValueWords; }
};

}  // namespace detail

template <>
struct Codec<bool> : detail::ScalarWords {
  static void encode(bool value, schema::Value::Builder builder) { builder.setBool(value); }
  static bool decode(schema::Value::Reader value) { return detail::decodeBool(value); }
};

template <detail::Integer T>
struct Codec<T> : detail::ScalarWords {
  static void encode(T value, schema::Value::Builder builder) {
    if constexpr (std::is_signed_v<T>) {
      builder.setInt(value);
    } else {
      builder.setUint(value);
    }
  }
  static T decode(schema::Value::Reader value) {
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
  static void encode(T value, schema::Value::Builder builder) {
    Codec<Number>::encode(static_cast<Number>(value), builder);
  }
  static T decode(schema::Value::Reader value) {
    return static_cast<T>(Codec<Number>::decode(value));
  }
};

template <detail::FloatingPoint T>
struct Codec<T> : detail::ScalarWords {
  static void encode(T value, schema::Value::Builder builder) { builder.setFloat(value); }
  static T decode(schema::Value::Reader value) {
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
  static void encode(const Duration& value, schema::Value::Builder builder) {
    Codec<Rep>::encode(value.count(), builder);
  }
  static Duration decode(schema::Value::Reader value) {
    return Duration(Codec<Rep>::decode(value));
  }
};

template <>
struct Codec<std::monostate> : detail::ScalarWords {
  static constexpr bool kMayBeVoid = true;
  static void encode(std::monostate, schema::Value::Builder builder) { builder.setVoid(); }
  static std::monostate decode(schema::Value::Reader value) {
    detail::decodeVoid(value);
    return {};
  }
};

}  // namespace phial::inline v1
