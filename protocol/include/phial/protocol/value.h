// C++ values as self-describing values on the wire: the arguments and results of jobs.
//
// What travels, and as what (schema/phial/schema/value.capnp):
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
//   phial::Message<S>, S a Cap'n Proto struct     message
//   phial::SharedArray<T>, T trivially copyable   shared; only within a job's arguments or result
//
// They nest at will, 64 levels deep at most. Parameters may also be references to const, std::span,
// std::string_view, const char* and S::Reader: a job owns what those refer to, see Stored.
//
// Decoding trusts nothing: the bytes come from another process, which may be broken or hostile.
// Whatever they say, the outcome is a value or an EncodingError that names what was expected and
// what was found, and memory is taken in proportion to the message. Integers are accepted in either
// signedness when in range; numeric vectors also as a list, one value each.
//
// For a type of your own that is not a plain aggregate, specialise Codec. Members travel by the
// same three functions:
//
//   template <>
//   struct phial::Codec<Money> {
//     // An upper bound of the message's words that the value takes, its Value included.
//     static std::uint64_t words(const Money& m) { return phial::encodedWords(m.cents()); }
//     static void encode(const Money& m, phial::schema::Value::Builder builder) {
//       phial::encode(m.cents(), builder);
//     }
//     // Throws phial::EncodingError for what is no Money.
//     static Money decode(phial::schema::Value::Reader value) {
//       return Money::ofCents(phial::decode<std::int64_t>(value));
//     }
//   };
//
// A codec that may encode its type as void declares `static constexpr bool kMayBeVoid = true`, so
// that std::optional of it can tell an empty one apart.
//
// Thread rule: plain functions; a message is used by one thread at a time.
#pragma once

#include <kj/exception.h>
#include <phial/protocol/message.h>
#include <phial/protocol/shared_array.h>
#include <phial/protocol/value_aggregate.h>
#include <phial/protocol/value_argument.h>
#include <phial/protocol/value_codec.h>
#include <phial/protocol/value_container.h>
#include <phial/protocol/value_message.h>
#include <phial/protocol/value_scalar.h>
#include <phial/protocol/value_sequence.h>

namespace phial {

/// The words (of 8 bytes) that `value` takes in a message, its Value struct included: an upper
/// bound, exact for what this file lists. Allocates nothing, so that a limit can be checked first.
/// Throws EncodingError when the value nests too deep.
template <class T>
std::uint64_t encodedWords(const T& value) {
  const detail::Nesting nesting;
  return detail::valueWords(value);
}

/// Writes `value` to `builder`, whatever it held. Throws EncodingError when a message cannot hold
/// the value: too many elements, nested too deep, a variant without a value.
template <class T>
void encode(const T& value, schema::Value::Builder builder) {
  const detail::Nesting nesting;
  try {
    detail::encodeValue(value, builder);
  } catch (const kj::Exception& exception) {
    detail::throwEncoding(exception);
  }
}

/// The T that `value` holds. Throws EncodingError when it holds something else or is malformed.
template <class T>
T decode(schema::Value::Reader value) {
  const detail::Nesting nesting;
  try {
    return detail::decodeValue<T>(value);
  } catch (const kj::Exception& exception) {
    detail::throwEncoding(exception);
  }
}

}  // namespace phial
