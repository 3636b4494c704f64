// A program's own exceptions, which come home from a worker as themselves.
//
//   inline const phial::ExceptionType<bank::Overdrawn> kOverdrawn;   // in a header of the program
//
//   try {
//     co_await pool.deferToProcess<withdraw>(account, sum);
//   } catch (const bank::Overdrawn& error) { ... }
//
// Without this the caller gets a RemoteError, which has the same what(), and which
// Failure::check<bank::Overdrawn>() knows by the name of its type. Only the caller's program needs
// the ExceptionType; the worker sends names and text in any case.
#pragma once

#include <phial/protocol/remote_exception.h>
#include <phial/protocol/type_name.h>

#include <concepts>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {
namespace detail {

using ReviveFunction = std::function<std::exception_ptr(const RemoteInfo&)>;

/// Makes exceptions of the type called `name` by `revive`, until the returned object is gone. Of
/// several for one name the latest counts.
std::shared_ptr<const void> registerException(std::string name, ReviveFunction revive);

/// Makes the exception that `info` describes by the nearest registered type among `info.types`.
/// Null when none is registered. What a
/// program's function throws takes the exception's place.
std::exception_ptr reviveRegistered(const RemoteInfo& info);

/// An E made from `arguments`, with the what() of `info`.
template <class E, class... A>
std::exception_ptr reviveAs(const RemoteInfo& info, const A&... arguments) {
  E plain(arguments...);
  if constexpr (std::derived_from<E, std::exception> && !std::is_final_v<E>) {
    if (info.message != plain.what()) {
      return std::make_exception_ptr(Revived<E>(info.message, arguments...));
    }
  }
  return std::make_exception_ptr(std::move(plain));
}

}  // namespace detail

/// Registers E for as long as the object lives, as a rule as long as the program. If an exception's
/// own type is not registered, its nearest registered base is what arrives; Failure::type() names
/// the own type in any case. Thread-safe.
template <class E>
class ExceptionType {
 public:
  /// Makes an E from its text, or by its default constructor. what() of what arrives is the text
  /// that the worker's exception had; other members are as the constructor leaves them.
  ExceptionType()
    requires std::constructible_from<E, const std::string&> || std::default_initializable<E>
      : ExceptionType([](const RemoteInfo& info) {
          if constexpr (std::constructible_from<E, const std::string&>) {
            return detail::reviveAs<E>(info, info.message);
          } else {
            return detail::reviveAs<E>(info);
          }
        }) {}

  /// Makes an E by `revive(info)`, which returns an E or a std::exception_ptr. What it throws
  /// arrives in place of the E.
  template <class Revive>
    requires std::invocable<Revive&, const RemoteInfo&>
  explicit ExceptionType(Revive revive)
      : registered_(detail::registerException(
            typeName<E>(),
            [revive = std::move(revive)](const RemoteInfo& info) mutable -> std::exception_ptr {
              using Made = std::invoke_result_t<Revive&, const RemoteInfo&>;
              if constexpr (std::same_as<Made, std::exception_ptr>) {
                return revive(info);
              } else {
                return std::make_exception_ptr(revive(info));
              }
            })) {}

  ExceptionType(const ExceptionType&) = delete;
  ExceptionType& operator=(const ExceptionType&) = delete;

 private:
  std::shared_ptr<const void> registered_;
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
