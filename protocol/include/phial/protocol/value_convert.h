// The codec of a type that travels as another type.
//
//   template <>
//   struct phial::Convert<Money> {
//     using As = std::int64_t;
//     static As to(const Money& money) { return money.cents(); }
//     static Money from(As cents) { return Money::ofCents(cents); }
//   };
//
// A worker and a caller in another language see an int64. `from` may throw: as an argument the
// value is then an EncodingError of its job with the exception's text, and as a result likewise.
#pragma once

#include <phial/protocol/value_codec.h>

#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

template <Converted T>
struct Codec<T> {
  using As = typename Convert<T>::As;
  static constexpr bool kMayBeVoid = requires { requires Codec<As>::kMayBeVoid; };

  static std::uint64_t words(const T& value) { return detail::valueWords<As>(sent(value)); }
  static void write(const T& value, ValueWriter to) { detail::encodeValue<As>(sent(value), to); }
  static T read(ValueReader value) {
    static_assert(
        std::same_as<std::remove_cvref_t<decltype(Convert<T>::from(std::declval<As>()))>, T>,
        "phial::Convert<T>::from(As) must return a T");
    return detail::convertedFrom<T>(detail::decodeValue<As>(value));
  }

 private:
  static As sent(const T& value) { return Convert<T>::to(value); }
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
