// Converts what the caller gives to what the function takes. Part of the templates of submitter.h
// and map.h; nothing here is for users.
//
// An argument converts as in a plain call of the function: by implicit conversions only. Implicit
// conversions that change what the caller wrote, such as 3.7 for an int, are refused at compile
// time. Whether an integer fits its parameter is known only at the call; an integer that does not
// fit is an EncodingError.
#pragma once

#include <phial/protocol/error.h>
#include <phial/protocol/value_argument.h>

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <iterator>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

/// Why an argument cannot be given for a parameter.
enum class Misfit {
  none,
  pointerForBool,
  nullPointer,
  floatForInteger,
  derivedForBase,
  nonConstReference,
  innerNumber,
  otherType,
  onlyMoves,
};

/// True if A is a std::shared_ptr of an S, which may be const.
template <class A, class S>
inline constexpr bool kShares = false;
template <class T, class S>
inline constexpr bool kShares<std::shared_ptr<T>, S> = std::is_same_v<std::remove_const_t<T>, S>;

template <class A, class S>
inline constexpr bool kDerived = false;
template <class A, class S>
  requires(std::is_class_v<A> && std::is_class_v<S> && !std::is_same_v<A, S>)
inline constexpr bool kDerived<A, S> = std::is_base_of_v<S, A>;

// --- Values inside other values ---

/// True if every A becomes a P without loss, judged by the types alone. This is the rule for a
/// value inside a std::optional, pair, tuple, variant or duration, where the value itself is not
/// checked.
template <class A, class P>
struct Inner {
  static consteval bool keeps() {
    if constexpr (std::is_same_v<A, P>) {
      return true;
    } else if constexpr (std::is_arithmetic_v<P>) {
      if constexpr (std::is_pointer_v<A>) return false;
      return requires(A value) { P{value}; };
    } else {
      return !kDerived<A, P>;
    }
  }
};
template <class A, class P>
struct Inner<A, std::optional<P>> : Inner<A, P> {};
template <class A, class P>
struct Inner<std::optional<A>, std::optional<P>> : Inner<A, P> {};
template <class P>
struct Inner<std::nullopt_t, std::optional<P>> {
  static consteval bool keeps() { return true; }
};
template <class A, class B, class P, class Q>
struct Inner<std::pair<A, B>, std::pair<P, Q>> {
  static consteval bool keeps() { return Inner<A, P>::keeps() && Inner<B, Q>::keeps(); }
};
template <class A, class B, class P, class Q>
struct Inner<std::pair<A, B>, std::tuple<P, Q>> : Inner<std::pair<A, B>, std::pair<P, Q>> {};
template <class... A, class... P>
  requires(sizeof...(A) == sizeof...(P))
struct Inner<std::tuple<A...>, std::tuple<P...>> {
  static consteval bool keeps() { return (Inner<A, P>::keeps() && ...); }
};
template <class A, class AUnit, class P, class PUnit>
struct Inner<std::chrono::duration<A, AUnit>, std::chrono::duration<P, PUnit>> : Inner<A, P> {};

template <class A, class... P>
struct Inner<A, std::variant<P...>> {
  static consteval bool keeps() {
    return (std::is_same_v<A, P> || ...) || !(kDerived<A, P> || ...);
  }
};

template <class S>
inline constexpr bool kHoldsValues = false;
template <class... T>
inline constexpr bool kHoldsValues<std::variant<T...>> = true;
template <class T>
inline constexpr bool kHoldsValues<std::optional<T>> = true;
template <class... T>
inline constexpr bool kHoldsValues<std::tuple<T...>> = true;
template <class T, class U>
inline constexpr bool kHoldsValues<std::pair<T, U>> = true;
template <class T, class U>
inline constexpr bool kHoldsValues<std::chrono::duration<T, U>> = true;

// --- The rule ---

template <class A, class P>
consteval bool convertsToParameter() {
  // A parameter P&& takes the job's own copy, even if the caller gives a variable.
  using Given = std::conditional_t<std::is_rvalue_reference_v<P>, std::remove_reference_t<P>, P>;
  using Plain = std::decay_t<A>;
  if constexpr (std::is_same_v<Plain, Stored<P>>) return true;
  if constexpr (std::is_same_v<Stored<P>, std::string> && std::is_same_v<Plain, std::string_view>)
    return true;
  return std::is_convertible_v<A, Given>;
}

/// The reason why an argument of type A (a reference for an lvalue) cannot be given for a parameter
/// declared as P.
template <class A, class P>
consteval Misfit misfitOf() {
  using Given = std::decay_t<A>;
  using Taken = Stored<P>;
  if constexpr (std::is_lvalue_reference_v<P> && !std::is_const_v<std::remove_reference_t<P>>) {
    return Misfit::nonConstReference;
  } else if constexpr (kShares<Given, Taken>) {
    return Misfit::none;
  } else if constexpr (std::is_null_pointer_v<Given>) {
    return Misfit::nullPointer;
  } else if constexpr (std::is_pointer_v<Given> && std::is_same_v<Taken, bool>) {
    return Misfit::pointerForBool;
  } else if constexpr (std::is_floating_point_v<Given> && std::is_integral_v<Taken>) {
    return Misfit::floatForInteger;
  } else if constexpr (kDerived<Given, Taken>) {
    return Misfit::derivedForBase;
  } else if constexpr (!convertsToParameter<A, P>()) {
    return Misfit::otherType;
  } else if constexpr (std::is_same_v<Given, Taken> && !std::is_constructible_v<Taken, A>) {
    return Misfit::onlyMoves;
  } else if constexpr (kHoldsValues<Taken> ||
                       (std::is_arithmetic_v<Taken> && std::is_class_v<Given>)) {
    return Inner<Given, Taken>::keeps() ? Misfit::none : Misfit::innerNumber;
  } else {
    return Misfit::none;
  }
}

/// Reports one error for an argument that cannot be given. The compiler prints `number`, from 1,
/// and both types beside the error.
template <std::size_t number, class Given, class Parameter>
consteval bool checkArgument() {
  constexpr Misfit misfit = misfitOf<Given, Parameter>();
  static_assert(misfit != Misfit::pointerForBool,
                "this argument is a pointer and its parameter a bool: write the condition itself, "
                "such as p != nullptr.");
  static_assert(misfit != Misfit::nullPointer,
                "this argument is nullptr, and no pointer travels to a worker: give an empty "
                "string, or make the parameter a std::optional and give std::nullopt.");
  static_assert(misfit != Misfit::floatForInteger,
                "this argument is a floating-point number and its parameter an integer: convert it "
                "at the call, such as with std::lround(x).");
  static_assert(misfit != Misfit::derivedForBase,
                "this argument is of a class derived from its parameter's: only the base would "
                "travel. Make the parameter the derived class.");
  static_assert(misfit != Misfit::nonConstReference,
                "the function takes this argument by non-const reference: what it writes there "
                "would stay in the worker. Take it by value or const&, and return the result.");
  static_assert(misfit != Misfit::innerNumber,
                "a number inside this argument may not fit the parameter's type: give the very "
                "type that the parameter holds.");
  static_assert(misfit != Misfit::otherType,
                "this argument does not convert to its parameter's type as in a plain call: "
                "convert it at the call.");
  static_assert(misfit != Misfit::onlyMoves,
                "this argument stays the caller's and cannot be copied, which a job has to do: "
                "give it away with std::move.");
  return misfit == Misfit::none;
}

// --- The conversion ---

/// Names one argument of one function, for errors.
struct ArgumentPlace {
  std::string_view function;
  std::size_t number;  ///< from 1
};

[[noreturn]] void throwNullText(const ArgumentPlace& place);
[[noreturn]] void throwUnfit(const ArgumentPlace& place, const std::string& value,
                             const std::string& least, const std::string& most);

template <std::integral T>
constexpr bool isNegative(T number) {
  if constexpr (std::is_signed_v<T>) return number < 0;
  return false;
}

/// True if a T can hold the number.
template <std::integral T, std::integral A>
constexpr bool fits(A number) {
  const T converted = static_cast<T>(number);
  return static_cast<A>(converted) == number && isNegative(converted) == isNegative(number);
}

template <class T, class A>
void requireFits(const ArgumentPlace& place, A number) {
  if (fits<T>(number)) return;
  using Limits = std::numeric_limits<T>;
  throwUnfit(place, std::to_string(number), std::to_string(Limits::min()),
             std::to_string(Limits::max()));
}

/// Makes the owning form of a value for a parameter that only borrows.
template <class S, class Borrowed>
S ownedFrom(const Borrowed& borrowed) {
  if constexpr (std::is_constructible_v<S, const Borrowed&>) {
    return S(borrowed);
  } else if constexpr (requires { S(std::begin(borrowed), std::end(borrowed)); }) {
    return S(std::begin(borrowed), std::end(borrowed));
  } else {
    S owned;
    std::copy(std::begin(borrowed), std::end(borrowed), owned.begin());
    return owned;
  }
}

/// Returns an argument in the Stored form of the parameter P. Throws EncodingError when the value
/// does not fit, and what its conversion throws. REQUIRES: misfitOf<A, P>() is none.
template <class P, class A>
Stored<P> convertArgument(const ArgumentPlace& place, A&& argument) {
  using Given = std::decay_t<A>;
  using Taken = Stored<P>;
  if constexpr (std::is_same_v<Given, Taken>) {
    return std::forward<A>(argument);
  } else if constexpr (std::is_integral_v<Taken> && std::is_integral_v<Given>) {
    requireFits<Taken>(place, static_cast<Given>(argument));
    return static_cast<Taken>(argument);
  } else if constexpr (std::is_integral_v<Taken> && std::is_enum_v<Given>) {
    const auto number = static_cast<std::underlying_type_t<Given>>(argument);
    requireFits<Taken>(place, number);
    return static_cast<Taken>(number);
  } else if constexpr (std::is_arithmetic_v<Taken>) {
    return static_cast<Taken>(std::forward<A>(argument));
  } else if constexpr (std::is_pointer_v<Given> && std::is_same_v<Taken, std::string>) {
    const char* const text = argument;
    if (text == nullptr) throwNullText(place);
    return text;
  } else if constexpr (std::is_convertible_v<A, Taken>) {
    return std::forward<A>(argument);
  } else if constexpr (std::is_same_v<Given, std::string_view>) {
    return Taken(argument);
  } else {
    using Borrower = std::decay_t<P>;
    if constexpr (std::is_same_v<Given, Borrower>) {
      return ownedFrom<Taken>(argument);
    } else {
      const Borrower borrower = std::forward<A>(argument);
      return convertArgument<P>(place, borrower);
    }
  }
}

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
