// Arithmetic on times that cannot overflow.
//
// A duration from outside may be as long as possible: many programs write Duration::max() for
// "never". Added to the current time it would overflow, and the sum would lie in the past: "never"
// would mean "at once". Every sum, difference or product with a duration that Phial did not choose
// itself is therefore computed here. A result that does not fit becomes the nearest value that
// fits: the end of time, about 292 years away, which no timer reaches.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

using Nanoseconds = std::chrono::nanoseconds;

constexpr Nanoseconds saturatingAdd(Nanoseconds a, Nanoseconds b) {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(a.count(), b.count(), &sum)) return Nanoseconds(sum);
  return b < Nanoseconds::zero() ? Nanoseconds::min() : Nanoseconds::max();
}

constexpr Nanoseconds saturatingSubtract(Nanoseconds a, Nanoseconds b) {
  std::int64_t difference = 0;
  if (!__builtin_sub_overflow(a.count(), b.count(), &difference)) return Nanoseconds(difference);
  return b < Nanoseconds::zero() ? Nanoseconds::max() : Nanoseconds::min();
}

constexpr Nanoseconds saturatingMultiply(Nanoseconds a, std::int64_t factor) {
  std::int64_t product = 0;
  if (!__builtin_mul_overflow(a.count(), factor, &product)) return Nanoseconds(product);
  return (a < Nanoseconds::zero()) == (factor < 0) ? Nanoseconds::max() : Nanoseconds::min();
}

/// The point that lies `after` later than `point`; earlier when `after` is negative.
template <class Clock>
constexpr std::chrono::time_point<Clock, Nanoseconds> saturatingAdd(
    std::chrono::time_point<Clock, Nanoseconds> point, Nanoseconds after) {
  return std::chrono::time_point<Clock, Nanoseconds>(
      saturatingAdd(point.time_since_epoch(), after));
}

/// The time from `from` to `to`.
template <class Clock>
constexpr Nanoseconds saturatingSubtract(std::chrono::time_point<Clock, Nanoseconds> to,
                                         std::chrono::time_point<Clock, Nanoseconds> from) {
  return saturatingSubtract(to.time_since_epoch(), from.time_since_epoch());
}

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
