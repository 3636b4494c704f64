// Says whether a temporary may stand in a co_await expression: see held.h. Apart from it because
// the check visits every field of an options struct, which is expensive to compile.
#pragma once

#include <phial/master/held.h>

#include <boost/pfr/core.hpp>
#include <cstddef>
#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

template <class T>
inline constexpr bool kIsHeld = false;
template <class T>
inline constexpr bool kIsHeld<Held<T>> = true;

template <class T>
consteval bool safeInCoAwait() {
  if constexpr (std::is_trivially_destructible_v<T> || kIsHeld<T>) {
    return true;
  } else if constexpr (std::is_aggregate_v<T>) {
    return []<std::size_t... I>(std::index_sequence<I...>) {
      return (safeInCoAwait<boost::pfr::tuple_element_t<I, T>>() && ...);
    }(std::make_index_sequence<boost::pfr::tuple_size_v<T>>());
  } else {
    return false;
  }
}

/// True if a temporary T is safe in a co_await expression that g++ 12 compiles.
template <class T>
inline constexpr bool kSafeInCoAwait = safeInCoAwait<T>();

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
