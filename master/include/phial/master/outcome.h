// The result of an operation: a value or a Failure.
#pragma once

#include <phial/protocol/failure.h>

#include <stdexcept>
#include <type_traits>
#include <utility>
#include <variant>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// A value of T, or a Failure. addBoth's callback receives an Outcome. A callback may return an
/// Outcome: its Deferred goes on with this value or Failure. Copyable when T is.
template <class T>
class [[nodiscard]] Outcome {
  static_assert(std::is_object_v<T> && !std::is_const_v<T> && !std::is_same_v<T, Failure>,
                "Outcome<T> and Deferred<T> want void or a plain value type");

 public:
  using Value = T;

  Outcome(T value) : state_(std::in_place_index<0>, std::move(value)) {}            // NOLINT
  Outcome(Failure failure) : state_(std::in_place_index<1>, std::move(failure)) {}  // NOLINT

  /// True when this is a value.
  bool ok() const { return state_.index() == 0; }

  /// Returns the value. If this is a Failure, rethrows it.
  T& value() & { return (orRethrow(), std::get<0>(state_)); }
  const T& value() const& { return (orRethrow(), std::get<0>(state_)); }
  T&& value() && { return (orRethrow(), std::get<0>(std::move(state_))); }

  /// Returns the Failure. Throws std::logic_error when ok().
  const Failure& failure() const {
    if (ok()) throw std::logic_error("Outcome::failure() of a success");
    return std::get<1>(state_);
  }

 private:
  void orRethrow() const {
    if (!ok()) std::get<1>(state_).rethrow();
  }

  std::variant<T, Failure> state_;
};

/// A success without a value, or a Failure.
template <>
class [[nodiscard]] Outcome<void> {
 public:
  using Value = void;

  Outcome() = default;
  Outcome(Failure failure) : failure_(std::move(failure)) {}  // NOLINT

  /// True when this is a success.
  bool ok() const { return !failure_.state_; }

  /// Does nothing on success. If this is a Failure, rethrows it.
  void value() const {
    if (!ok()) failure_.rethrow();
  }

  /// Returns the Failure. Throws std::logic_error when ok().
  const Failure& failure() const {
    if (ok()) throw std::logic_error("Outcome::failure() of a success");
    return failure_;
  }

 private:
  Failure failure_;  // empty on success: saves room in each of the many Deferred<void>
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
