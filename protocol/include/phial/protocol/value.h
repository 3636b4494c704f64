// C++ values as self-describing values on the wire: the arguments and results of jobs.
//
// The types that travel, and their form on the wire (schema/phial/schema/value.capnp):
//
//   void, std::monostate                          void
//   bool                                          bool
//   integers, enums, std::byte, char types        int or uint, by their signedness
//   float, double                                 float
//   std::chrono::duration                         its count; both ends must mean the same unit
//   std::string                                   text, or data when large
//   vector, array of std::byte, unsigned char     data
//   vector, array of other numbers, enums, bool   packed
//   vector, array of anything else                list
//   pair, tuple, plain aggregates                 list of members
//   set, unordered_set                            list
//   map, unordered_map                            map
//   optional                                      void or the value
//   variant                                       list of index and value
//   phial::Message<S>, S a Cap'n Proto struct     message; see value_capnp.h
//   phial::SharedArray<T>, T trivially copyable   shared; only within a job's arguments or result
//
// Types nest freely, at most 64 levels deep. A parameter may also be a reference to const, a
// std::span, std::string_view, const char* or S::Reader: the job owns what these refer to, see
// Stored.
//
// Decoding trusts nothing, because the bytes come from another process, which may be broken or
// hostile. The outcome is a value, or an EncodingError that names what was expected and what was
// found. Memory is taken in proportion to the message. Integers are accepted in either signedness
// when they are in range, and as a floating-point number when it holds them exactly. Numeric
// vectors are also accepted as a list with one value for each number.
//
// For a type of your own that is not a plain aggregate, say as what it travels:
//
//   template <>
//   struct phial::Convert<Money> {
//     using As = std::int64_t;
//     static As to(const Money& money) { return money.cents(); }
//     static Money from(As cents) { return Money::ofCents(cents); }
//   };
//
// Or specialise Codec, which saves the detour over a value of another type. Members are measured,
// written and read with the three functions of this file:
//
//   template <>
//   struct phial::Codec<Money> {
//     // An upper bound of the message's words that the value takes, its Value included.
//     static std::uint64_t words(const Money& m) { return phial::encodedWords(m.cents()); }
//     static void write(const Money& m, phial::ValueWriter to) {
//       phial::encode(m.cents(), to);
//     }
//     // Throws phial::EncodingError when the value is no Money.
//     static Money read(phial::ValueReader value) {
//       return Money::ofCents(phial::decode<std::int64_t>(value));
//     }
//   };
//
// A codec of a type with several members makes a list: `auto list = to.initList(2)`, then encode()
// to each of its elements.
//
// If a codec may write its type as void, it declares `static constexpr bool kMayBeVoid = true`, so
// that a std::optional of the type can be told from an empty one.
//
// Thread rule: plain functions. A message is used by one thread at a time.
#pragma once

#include <phial/protocol/shared_array.h>
#include <phial/protocol/value_aggregate.h>
#include <phial/protocol/value_argument.h>
#include <phial/protocol/value_codec.h>
#include <phial/protocol/value_container.h>
#include <phial/protocol/value_convert.h>
#include <phial/protocol/value_scalar.h>
#include <phial/protocol/value_sequence.h>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// Returns the words (of 8 bytes) that `value` takes in a message, its Value struct included: an
/// upper bound, exact for the types listed in this file. Allocates nothing, so that a limit can be
/// checked first. Throws EncodingError when the value nests too deep.
template <class T>
std::uint64_t encodedWords(const T& value) {
  const detail::Nesting nesting;
  return detail::valueWords(value);
}

/// Writes `value` to its place in a message, and replaces what the place held. Throws EncodingError
/// when a message cannot hold the value: too many elements, nested too deep, or a variant without a
/// value.
template <class T>
void encode(const T& value, ValueWriter to) {
  const detail::Nesting nesting;
  try {
    detail::encodeValue(value, to);
  } catch (...) {
    detail::throwMalformed();
  }
}

/// Returns the T that `value` holds. Throws EncodingError when `value` holds something else or is
/// malformed.
template <class T>
T decode(ValueReader value) {
  const detail::Nesting nesting;
  try {
    return detail::decodeValue<T>(value);
  } catch (...) {
    detail::throwMalformed();
  }
}

}  // namespace phial::inline v1

#pragma GCC visibility pop
