// What is known about a type before a value of it is seen: whether code of the program's runs when
// a value is read, copied or destroyed, and whether a value may be large.
#pragma once

#include <phial/protocol/failure.h>
#include <phial/protocol/value.h>

#include <boost/pfr/core.hpp>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

/// True if values of T travel by a Codec of Phial's, not by a specialisation of the program's.
template <class T>
inline constexpr bool kCodecOfPhial = false;
template <class T>
  requires(std::is_scalar_v<T> || std::is_same_v<T, std::monostate>) &&
              requires { sizeof(Codec<T>); }
inline constexpr bool kCodecOfPhial<T> = std::is_base_of_v<ScalarWords, Codec<T>>;
template <class T>
  requires requires { typename Codec<T>::OfPhial; }
inline constexpr bool kCodecOfPhial<T> = std::is_same_v<typename Codec<T>::OfPhial, T>;

/// Plain aggregates whose codec is Phial's.
template <class T>
concept PlainAggregate = std::is_class_v<T> && std::is_aggregate_v<T> && kCodecOfPhial<T> &&
                         requires { typename Codec<T>::Aggregate; };

template <PlainAggregate T, std::size_t I>
using Field = std::remove_cv_t<boost::pfr::tuple_element_t<I, T>>;
template <PlainAggregate T>
using FieldIndices = std::make_index_sequence<boost::pfr::tuple_size_v<T>>;

template <class T, class... Seen>
inline constexpr bool kIn = (std::is_same_v<T, Seen> || ...);

// --- Keys of std types alone: comparing or hashing them runs no code of the program's ---

template <class T>
struct StdKey : std::bool_constant<std::is_arithmetic_v<T>> {};
template <>
struct StdKey<std::string> : std::true_type {};
template <class T>
struct StdKey<std::vector<T>> : StdKey<T> {};
template <class A, class B>
struct StdKey<std::pair<A, B>> : std::bool_constant<StdKey<A>::value && StdKey<B>::value> {};
template <class... T>
struct StdKey<std::tuple<T...>> : std::bool_constant<(StdKey<T>::value && ...)> {};
template <class T>
struct StdKey<std::optional<T>> : StdKey<T> {};
template <class Rep, class Period>
struct StdKey<std::chrono::duration<Rep, Period>> : StdKey<Rep> {};

// --- Types made only of std types and numbers ---

// `Seen` lists the aggregates around T, for types that contain themselves.
template <class T, class... Seen>
struct StdAlone;

template <class T, class... Seen>
inline constexpr bool kStdAloneIn = StdAlone<T, Seen...>::value;

// An aggregate has no constructors. If it has a destructor of its own, it has no implicit move
// constructor and is copied instead. If its fields own memory, this copy may throw; if they own
// none, its destructor is not trivial though its fields' are.
template <class T, class... Seen>
constexpr bool aggregateIsStdAlone() {
  if constexpr (kIn<T, Seen...>) {
    return true;
  } else if constexpr (PlainAggregate<T>) {
    return []<std::size_t... I>(std::index_sequence<I...>) {
      constexpr bool kTrivialFields = (std::is_trivially_destructible_v<Field<T, I>> && ...);
      return (kStdAloneIn<Field<T, I>, T, Seen...> && ...) &&
             std::is_nothrow_move_constructible_v<T> &&
             kTrivialFields == std::is_trivially_destructible_v<T>;
    }(FieldIndices<T>());
  } else {
    return false;
  }
}

template <class T, class... Seen>
struct StdAlone
    : std::bool_constant<((std::is_arithmetic_v<T> || std::is_enum_v<T>) && kCodecOfPhial<T>) ||
                         aggregateIsStdAlone<T, Seen...>()> {};
template <class T>
inline constexpr bool kStdAlone = kStdAloneIn<T>;

template <class... Seen>
struct StdAlone<std::monostate, Seen...> : std::true_type {};
// This is code that Cap'n Proto has generated; it is copied in one piece.
template <class S, class... Seen>
struct StdAlone<Message<S>, Seen...> : std::true_type {};
// A Failure that comes from another process.
template <class... Seen>
struct StdAlone<Failure, Seen...> : std::true_type {};
template <class... Seen>
struct StdAlone<std::string, Seen...> : std::true_type {};
template <class Rep, class Period, class... Seen>
struct StdAlone<std::chrono::duration<Rep, Period>, Seen...>
    : std::bool_constant<std::is_arithmetic_v<Rep>> {};
template <class T, class... Seen>
struct StdAlone<std::vector<T>, Seen...>
    : std::bool_constant<kStdAloneIn<T, Seen...> && kCodecOfPhial<std::vector<T>>> {};
template <class T, std::size_t N, class... Seen>
struct StdAlone<std::array<T, N>, Seen...>
    : std::bool_constant<kStdAloneIn<T, Seen...> && kCodecOfPhial<std::array<T, N>>> {};
template <class T, class... Seen>
struct StdAlone<std::optional<T>, Seen...>
    : std::bool_constant<kStdAloneIn<T, Seen...> && kCodecOfPhial<std::optional<T>>> {};
template <class A, class B, class... Seen>
struct StdAlone<std::pair<A, B>, Seen...>
    : std::bool_constant<kStdAloneIn<A, Seen...> && kStdAloneIn<B, Seen...> &&
                         kCodecOfPhial<std::pair<A, B>>> {};
template <class... T, class... Seen>
struct StdAlone<std::tuple<T...>, Seen...>
    : std::bool_constant<(kStdAloneIn<T, Seen...> && ...) && kCodecOfPhial<std::tuple<T...>>> {};
template <class... T, class... Seen>
struct StdAlone<std::variant<T...>, Seen...>
    : std::bool_constant<(kStdAloneIn<T, Seen...> && ...) && kCodecOfPhial<std::variant<T...>>> {};
template <class K, class V, class... Seen>
struct StdAlone<std::map<K, V>, Seen...>
    : std::bool_constant<StdKey<K>::value && kStdAloneIn<V, Seen...> &&
                         kCodecOfPhial<std::map<K, V>>> {};
template <class K, class V, class... Seen>
struct StdAlone<std::unordered_map<K, V>, Seen...>
    : std::bool_constant<StdKey<K>::value && kStdAloneIn<V, Seen...> &&
                         kCodecOfPhial<std::unordered_map<K, V>>> {};
template <class T, class... Seen>
struct StdAlone<std::set<T>, Seen...>
    : std::bool_constant<StdKey<T>::value && kCodecOfPhial<std::set<T>>> {};
template <class T, class... Seen>
struct StdAlone<std::unordered_set<T>, Seen...>
    : std::bool_constant<StdKey<T>::value && kCodecOfPhial<std::unordered_set<T>>> {};

/// The contents of a chunk of a map: see chunk_value.h.
struct ChunkOrder;
template <class... Seen>
struct StdAlone<ChunkOrder, Seen...> : std::true_type {};
template <class E>
struct Elements;
template <class R>
struct ChunkResult;
template <class E, class... Seen>
struct StdAlone<Elements<E>, Seen...> : StdAlone<E, Seen...> {};
template <class R, class... Seen>
struct StdAlone<ChunkResult<R>, Seen...> : StdAlone<typename ChunkResult<R>::Value, Seen...> {};

// --- Types whose values are never large ---

template <class T>
struct Bounded;

template <class T>
constexpr bool aggregateIsBounded() {
  if constexpr (PlainAggregate<T>) {
    // An aggregate that contains itself does so in a container, which is not bounded.
    return []<std::size_t... I>(std::index_sequence<I...>) {
      return (Bounded<Field<T, I>>::value && ...);
    }(FieldIndices<T>());
  } else {
    return false;
  }
}

template <class T>
struct Bounded
    : std::bool_constant<((std::is_arithmetic_v<T> || std::is_enum_v<T>) && kCodecOfPhial<T>) ||
                         aggregateIsBounded<T>()> {};
// A key in a map.
template <class T>
struct Bounded<const T> : Bounded<T> {};
template <>
struct Bounded<std::monostate> : std::true_type {};
template <>
struct Bounded<ChunkOrder> : std::true_type {};
template <class Rep, class Period>
struct Bounded<std::chrono::duration<Rep, Period>> : Bounded<Rep> {};
template <class T>
struct Bounded<std::optional<T>> : Bounded<T> {};
template <class A, class B>
struct Bounded<std::pair<A, B>> : std::bool_constant<Bounded<A>::value && Bounded<B>::value> {};
template <class... T>
struct Bounded<std::tuple<T...>> : std::bool_constant<(Bounded<T>::value && ...)> {};
template <class... T>
struct Bounded<std::variant<T...>> : std::bool_constant<(Bounded<T>::value && ...)> {};

/// True if every value of the type takes only a few words.
template <class T>
inline constexpr bool kBounded = Bounded<T>::value;

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
