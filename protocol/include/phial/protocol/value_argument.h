// Converts between the types of a function's parameters and the values that a job owns.
#pragma once

#include <phial/protocol/value_container.h>

#include <span>

#pragma GCC visibility push(default)

namespace phial::inline v1 {
namespace detail {

template <class T>
struct StoredAs {
  using type = T;
};
template <>
struct StoredAs<std::string_view> {
  using type = std::string;
};
template <>
struct StoredAs<const char*> {
  using type = std::string;
};
template <>
struct StoredAs<char*> {
  using type = std::string;
};
template <class T, std::size_t Extent>
struct StoredAs<std::span<T, Extent>> {
  static_assert(!std::is_same_v<std::remove_cv_t<T>, bool>,
                "A std::vector<bool> has no span: take const std::vector<bool>& instead.");
  using type = std::vector<std::remove_cv_t<T>>;
};
template <class T, std::size_t Extent>
  requires(Extent != std::dynamic_extent)
struct StoredAs<std::span<T, Extent>> {
  using type = std::array<std::remove_cv_t<T>, Extent>;
};
}  // namespace detail

/// The type in which a job owns a parameter, argument or result of type T: T without reference and
/// const, and an owner in place of a type that only borrows. A std::span becomes a std::vector (a
/// std::array when its extent is fixed), std::string_view and const char* become std::string, a
/// Cap'n Proto Reader becomes a Message (value_capnp.h). void stays void. (A worker reads a
/// std::span<const T> of numbers in place, in the message; see value_lent.h.)
template <class T>
using Stored = typename detail::StoredAs<std::decay_t<T>>::type;

namespace detail {

/// Passes a stored value to a parameter declared as P, for one call. A parameter by value or rvalue
/// reference takes the stored value; another parameter borrows it.
template <class P>
decltype(auto) asParameter(Stored<P>& stored) {
  using Plain = std::remove_cvref_t<P>;
  static_assert(!std::is_lvalue_reference_v<P> || std::is_const_v<std::remove_reference_t<P>>,
                "A job's function cannot take a non-const reference: what it writes there would "
                "stay in the worker. Return the value instead.");
  if constexpr (std::is_same_v<Plain, Stored<P>>) {
    if constexpr (std::is_lvalue_reference_v<P>) {
      return static_cast<const Plain&>(stored);
    } else {
      return std::move(stored);
    }
  } else if constexpr (std::is_pointer_v<std::decay_t<P>>) {
    return stored.data();
  } else if constexpr (requires { stored.reader(); }) {
    return stored.reader();
  } else {
    return Plain(stored);
  }
}

}  // namespace detail
}  // namespace phial::inline v1

#pragma GCC visibility pop
