// An owner that is safe in the options of a call that is awaited.
//
//     co_await pool.with({.timeout = 5s, .label = "nightly"}).deferToProcess<report>(day);
//
// g++ 12 copies a temporary aggregate of a co_await expression byte by byte to a second place in
// the coroutine's frame, and later destroys both. An owning member such as std::string is then
// freed twice. A Held remembers the address where it was constructed. Only the object at this
// address frees the value, so the second destruction does nothing. clang has no such fault.
//
// Each options struct of Phial that may stand in such an expression consists of members that own
// nothing, or are Held; a static_assert in the library checks this (detail/co_await_safety.h).
// coroutine.h says what a program's own code must avoid.
//
// Thread rule: as for std::unique_ptr.
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// Holds a T, or nothing. Converts from everything that converts to T. A copy copies the T. A
/// moved-from Held holds nothing. Costs one allocation for each T.
template <class T>
class Held {
 public:
  Held() noexcept {}
  template <class U>
    requires(!std::same_as<std::remove_cvref_t<U>, Held> && std::is_convertible_v<U, T>)
  Held(U&& value) : value_(new T(std::forward<U>(value))) {}  // NOLINT: as T itself converts
  Held(const Held& other) : value_(other.value_ ? new T(*other.value_) : nullptr) {}
  Held(Held&& other) : value_(other.release()) {}
  Held& operator=(Held other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Held() {
    if (owns()) delete value_;
  }

  /// True when this holds a T.
  explicit operator bool() const noexcept { return value_ != nullptr; }
  /// REQUIRES: this holds a T.
  const T& operator*() const noexcept { return *value_; }
  const T* operator->() const noexcept { return value_; }

 private:
  bool owns() const noexcept { return self_ == this; }
  // Called on a byte copy, this copies the value, which the original still owns.
  T* release() {
    if (owns()) return std::exchange(value_, nullptr);
    return value_ ? new T(*value_) : nullptr;
  }

  T* value_ = nullptr;
  const Held* self_ = this;
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
