// An exception as a value, thrown in this process or in a worker.
//
// A Failure is what the error side of a Deferred carries. It knows more than an exception_ptr: the
// name of the type and of its bases, the message and where it came from, also for an exception that
// another process threw and that this one may have no class for. After Twisted's Failure.
//
// Thread rule: immutable after construction; copies share their state and may be used on any
// thread. Copying costs one reference count. A moved-from Failure may only be assigned to or
// destroyed.
#pragma once

#include <phial/protocol/error.h>
#include <phial/protocol/stack_trace.h>
#include <phial/protocol/type_name.h>

#include <concepts>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace phial {

template <class T>
class Outcome;

/// What is known of an exception that another process threw.
struct RemoteInfo {
  /// The qualified name of its type, then those of its bases.
  std::vector<std::string> types;
  std::string message;
  /// Text, one line a frame; may be empty.
  std::string traceback;
};

/// What a Failure from a worker throws in this process. what() is the remote message.
class RemoteError : public Error {
 public:
  explicit RemoteError(RemoteInfo info);

  /// The remote type's qualified name, then those of its bases; never empty.
  const std::vector<std::string>& types() const { return info_->types; }
  const std::string& traceback() const { return info_->traceback; }

 private:
  std::shared_ptr<const RemoteInfo> info_;  // shared: copying an exception must not throw
};

class Failure {
 public:
  /// Takes an exception as it is, with the stack of this call as its traceback unless it brings a
  /// better one (RemoteError, kj::Exception). Throws std::invalid_argument for a null pointer.
  explicit Failure(std::exception_ptr exception);
  /// The same with a traceback of the caller's making.
  Failure(std::exception_ptr exception, std::string traceback);
  /// Makes the exception, `E`'s static type.
  template <class E>
    requires(!std::same_as<E, Failure> && !std::same_as<E, std::exception_ptr>)
  explicit Failure(E exception) : Failure(std::make_exception_ptr(std::move(exception))) {}

  /// The exception that is being handled; the Failure that threw it, if rethrow() did so last on
  /// this thread. Throws std::logic_error outside a catch block.
  static Failure current();
  /// An exception of another process. It is rethrown as RemoteError.
  static Failure remote(RemoteInfo info);

  /// Whether the exception is one of `E...`, as a catch clause would see it. A remote one is `E`
  /// when E's qualified name is among its types(), and is always RemoteError, Error and
  /// std::exception, for these are what rethrow() throws.
  template <class... E>
    requires(sizeof...(E) > 0)
  bool check() const {
    return (checkOne<E>() || ...);
  }
  /// Whether the exception's type or one of its public bases has this qualified name, such as
  /// "std::runtime_error". Needs no class in this process.
  bool check(std::string_view qualifiedTypeName) const;

  /// Returns *this when check<E...>(), else rethrows.
  template <class... E>
  const Failure& trap() const {
    if (!check<E...>()) rethrow();
    return *this;
  }

  /// The exception itself, valid as long as any copy of this Failure; null when it is no E, which
  /// includes a remote E, of which there is only the description. E is a class.
  template <class E>
  const E* as() const {
    static_assert(std::is_class_v<E>, "Failure::as<E>() wants a class");
    try {
      std::rethrow_exception(exception());
    } catch (const E& e) {
      return check<E>() ? &e : nullptr;
    } catch (...) {
      return nullptr;
    }
  }

  /// True for an exception that another process threw.
  bool isRemote() const;

  /// The qualified name of the exception's most derived type, where it was thrown.
  const std::string& type() const { return types().front(); }
  /// type(), then its public bases, nearest first. Never empty.
  const std::vector<std::string>& types() const;
  /// what() or, for kj::Exception, its description; text and numbers thrown as such are shown;
  /// anything else is named by its type.
  const std::string& message() const;
  /// One line a frame, and one for index(); may be empty. Formatted at each call.
  std::string traceback() const;

  /// The same failure as that of the element at `index` of a range.
  Failure atIndex(std::size_t index) const;
  /// Which element of the range of a map or forEach it is the failure of; empty for other failures,
  /// and where that is not known. Rethrowing and catching it again with current() keeps it.
  std::optional<std::size_t> index() const;

  [[noreturn]] void rethrow() const;
  /// Never null.
  const std::exception_ptr& exception() const;

 private:
  template <class T>
  friend class Outcome;
  struct State;
  struct Rethrown;

  /// None, as an Outcome without one keeps it; may only be assigned to or destroyed.
  Failure() = default;
  explicit Failure(std::shared_ptr<const State> state) : state_(std::move(state)) {}

  template <class E>
  bool checkOne() const {
    if (isRemote()) {
      return std::same_as<E, RemoteError> || std::same_as<E, Error> ||
             std::same_as<E, std::exception> || check(detail::demangle(typeid(E).name()));
    }
    try {
      std::rethrow_exception(exception());
    } catch (const E&) {
      return true;
    } catch (...) {
      return false;
    }
  }

  std::shared_ptr<const State> state_;
};

}  // namespace phial
