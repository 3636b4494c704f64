// A value that says itself what it is: what travels when no C++ type is known.
//
//   pool.call("factor", {600851475143u})
//       .addCallback([](const phial::AnyValue& factors) {
//         return factors.to<std::vector<std::uint64_t>>();
//       });
//
// Every argument and result of a job travels as such a value, so a command line, a gateway or a log
// can make and read one without the types of the function. An AnyValue fits wherever a value of a
// known type fits: an integer is accepted by every integer parameter that can hold it, and by
// floating-point ones that hold it exactly; a list by every vector, tuple, set and aggregate.
//
// Two things cannot be held: a SharedArray, which is memory and not a value, and a Cap'n Proto
// struct, which only its schema can read. Reading one is an EncodingError.
//
// Thread rule: a plain value.
#pragma once

#include <phial/protocol/value.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

class AnyValue {
 public:
  using Bytes = std::vector<std::byte>;
  using List = std::vector<AnyValue>;
  /// In the order in which the entries travel.
  using Map = std::vector<std::pair<AnyValue, AnyValue>>;
  /// Numbers of one type, which travel densely: what a std::vector of them is sent as.
  using Numbers =
      std::variant<std::vector<std::int8_t>, std::vector<std::int16_t>, std::vector<std::int32_t>,
                   std::vector<std::int64_t>, std::vector<std::uint8_t>, std::vector<std::uint16_t>,
                   std::vector<std::uint32_t>, std::vector<std::uint64_t>, std::vector<float>,
                   std::vector<double>, std::vector<bool>>;
  using Content = std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double,
                               std::string, Bytes, List, Map, Numbers>;

  /// Holds nothing: an empty optional, the result of a function without a result.
  AnyValue();
  AnyValue(const AnyValue& other);
  AnyValue(AnyValue&& other) noexcept;
  AnyValue& operator=(const AnyValue& other);
  AnyValue& operator=(AnyValue&& other) noexcept;
  ~AnyValue();
  // Each of these is implicit, so that a list of values can be written as one.
  template <std::same_as<bool> T>
  AnyValue(T value) : AnyValue(Tag<bool>{}, value) {}
  template <std::signed_integral T>
  AnyValue(T value) : AnyValue(Tag<std::int64_t>{}, value) {}
  template <std::unsigned_integral T>
    requires(!std::same_as<T, bool>)
  AnyValue(T value) : AnyValue(Tag<std::uint64_t>{}, value) {}
  template <std::floating_point T>
    requires(sizeof(T) <= sizeof(double))
  AnyValue(T value) : AnyValue(Tag<double>{}, value) {}
  AnyValue(std::string value);
  AnyValue(std::string_view value);
  /// Throws std::invalid_argument for null.
  AnyValue(const char* value);
  AnyValue(Bytes value);
  AnyValue(List value);
  AnyValue(Map value);
  AnyValue(Numbers value);
  AnyValue(std::nullptr_t) = delete;

  /// Makes what a value of a known type travels as. Throws EncodingError as encode() does.
  template <class T>
  static AnyValue of(const T& value);

  /// The value as a T, if it is one: as an argument of this type would be read. Throws
  /// EncodingError.
  template <class T>
  T to() const;

  const Content& content() const;
  /// True if it holds nothing.
  bool empty() const;
  /// The value as text in the notation of JSON, for logs and people: bytes as hexadecimal text, a
  /// map whose keys are texts as an object, another as a list of pairs, a number that JSON lacks as
  /// null.
  std::string toString() const;

  /// Equal content; a list of numbers and Numbers differ, and so do 1 and 1u.
  friend bool operator==(const AnyValue& a, const AnyValue& b);

 private:
  /// Says which alternative a number becomes.
  template <class T>
  struct Tag {};
  AnyValue(Tag<bool>, bool value);
  AnyValue(Tag<std::int64_t>, std::int64_t value);
  AnyValue(Tag<std::uint64_t>, std::uint64_t value);
  AnyValue(Tag<double>, double value);

  Content& content();

  // A Content. A variant of variants is expensive to compile, so only the library has it as such.
  alignas(void*) std::byte content_[56];
};

/// The arguments of a call: call("factor", {7}), call("sum", {AnyValue::List{1, 2}}). A class of
/// its own, so that braces always list the arguments: whether braces around one vector copy the
/// vector or hold it as the only element differs between compilers (CWG 1467).
class Values {
 public:
  Values();
  Values(std::initializer_list<AnyValue> values);
  /// For arguments whose number is known at run time only.
  explicit Values(AnyValue::List values);
  Values(const Values& other);
  Values(Values&& other) noexcept;
  Values& operator=(const Values& other);
  Values& operator=(Values&& other) noexcept;
  ~Values();

  const AnyValue::List& list() const& { return list_; }
  AnyValue::List list() && { return std::move(list_); }

  friend bool operator==(const Values& a, const Values& b);

 private:
  AnyValue::List list_;
};

template <>
struct Codec<AnyValue> {
  using OfPhial = AnyValue;
  static constexpr bool kMayBeVoid = true;
  static std::uint64_t words(const AnyValue& value);
  static void write(const AnyValue& value, ValueWriter to);
  static AnyValue read(ValueReader value);
};

namespace detail {

/// A message with one value, to go from one form of it to another.
class ValueMessage {
 public:
  ValueMessage();
  ~ValueMessage();
  ValueMessage(const ValueMessage&) = delete;
  ValueMessage& operator=(const ValueMessage&) = delete;

  ValueWriter writer();
  ValueReader reader();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace detail

template <class T>
AnyValue AnyValue::of(const T& value) {
  detail::ValueMessage message;
  encode(value, message.writer());
  return decode<AnyValue>(message.reader());
}

template <class T>
T AnyValue::to() const {
  detail::ValueMessage message;
  encode(*this, message.writer());
  return decode<std::remove_cv_t<T>>(message.reader());
}

}  // namespace phial::inline v1

#pragma GCC visibility pop
