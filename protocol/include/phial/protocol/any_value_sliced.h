// Reads and writes large AnyValues in pieces: see value_sliced.h.
#pragma once

#include <phial/protocol/any_value.h>
#include <phial/protocol/value_sliced_encode.h>

#include <optional>
#include <variant>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

template <class... Seen>
struct StdAlone<AnyValue, Seen...> : std::true_type {};

template <>
struct Weighing<AnyValue> {
  static void weigh(const AnyValue& value, Weight& weight) {
    std::visit([&]<class A>(const A& held) { detail::weigh<A>(held, weight); }, value.content());
  }
};

template <>
struct SlicedDecode<AnyValue> {
  static constexpr bool kWhole = false;
  static void guess(ValueReader value, ReadingCost& cost);
  static SlicedWork start(std::optional<AnyValue>& to, ValueReader value, Level level);
};

template <>
struct SlicedEncode<AnyValue> {
  static SlicedWork start(const AnyValue& value, ValueWriter to, Level level);
};

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
