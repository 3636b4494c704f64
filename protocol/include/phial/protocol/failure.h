// An exception as a value, thrown in this process or in a worker. After Twisted's Failure.
//
// The error side of a Deferred carries a Failure. A Failure knows more than a std::exception_ptr:
// the names of the exception's type and of its bases, the message, and where it was thrown. It
// knows these also for an exception of another process, even if this process has no class for it.
//
// Thread rule: immutable after construction. Copies share their state and may be used on any
// thread; a copy costs one reference count. A moved-from Failure may only be assigned to or
// destroyed.
#pragma once

#include <phial/protocol/error.h>
#include <phial/protocol/remote_exception.h>
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
#include <typeinfo>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

template <class T>
class Outcome;

class Failure {
 public:
  /// Takes an exception. The traceback is the stack of this call, unless the exception brings its
  /// own (RemoteError, kj::Exception). Throws std::invalid_argument for a null pointer.
  explicit Failure(std::exception_ptr exception);
  /// As above, with a traceback that the caller provides.
  Failure(std::exception_ptr exception, std::string traceback);
  /// Makes a Failure of an exception object; its type is the static type `E`.
  template <class E>
    requires(!std::same_as<E, Failure> && !std::same_as<E, std::exception_ptr>)
  explicit Failure(E exception) : Failure(std::make_exception_ptr(std::move(exception))) {}

  /// The exception that is being handled. If Failure::rethrow() threw it, and this was this
  /// thread's latest rethrow(), returns the same Failure with its traceback. An exception of
  /// another language becomes a std::exception that says so. Throws std::logic_error outside a
  /// catch block. The end of a thread (pthread_exit, pthread_cancel) also unwinds the stack but is
  /// no exception and must not be stopped: inside its catch block current() passes it on.
  static Failure current();
  /// As current(), for an exception that a job's function threw at `traceback`. If `traceback` is
  /// empty, the stack of this call is taken.
  static Failure currentOfJob(std::string traceback);
  /// Makes a Failure of another process's exception. rethrow() throws a standard exception as
  /// itself, any other exception as RemoteError.
  static Failure remote(RemoteInfo info);

  /// True if the exception is one of `E...`, as a catch clause would see it. A remote exception
  /// also counts as an `E` when the qualified name of `E` is among its types(); rethrow() still
  /// throws RemoteError where this process cannot make an E. If a job's function threw the
  /// exception, check() is false for Phial's own error types: QueueFull means a full queue, not a
  /// function that throws QueueFull. check("phial::QueueFull") asks for the name.
  template <class... E>
    requires(sizeof...(E) > 0)
  bool check() const {
    return (checkOne<E>() || ...);
  }
  /// True if the exception's type or one of its public bases has this qualified name, such as
  /// "std::runtime_error". Needs no class in this process. Inline namespaces of the standard
  /// library are left out: "std::filesystem::filesystem_error".
  bool check(std::string_view qualifiedTypeName) const;

  /// Returns *this when check<E...>() is true; otherwise rethrows.
  template <class... E>
  const Failure& trap() const {
    if (!check<E...>()) rethrow();
    return *this;
  }

  /// The exception object, valid as long as a copy of this Failure. Null when the exception is no
  /// E. Null also for a remote E that is not a standard exception, because only its description has
  /// arrived. E must be a class.
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

  /// True if another process threw the exception.
  bool isRemote() const;

  /// What the failure calls for. `raised` for every exception that a job's function threw.
  FailureKind kind() const;
  /// True if the function that ran as a job threw the exception. This includes Phial's own error
  /// types: thrown by a function, they are not reports of Phial.
  bool fromJob() const;
  /// False only if the function was certainly never entered; the job can then be given to somebody
  /// else without running twice. True when this is not known, and when there was no job.
  bool mayHaveRun() const;
  /// The certificate of the worker's death that this failure reports; null if it reports none. Of
  /// several deaths (PoisonJob) the last. Valid as long as a copy of this Failure.
  const DeathCertificate* certificate() const;
  /// The code of a std::system_error or std::future_error, also of a remote one; otherwise empty.
  const std::optional<ErrorCode>& code() const;

  /// The qualified name of the exception's most derived type, as it was thrown.
  const std::string& type() const { return types().front(); }
  /// type(), then the names of its public bases, nearest first. Never empty.
  const std::vector<std::string>& types() const;
  /// what(); for kj::Exception its description; for a thrown std::string, const char* or int the
  /// value. For anything else, and when what() is null, a text that names the type.
  const std::string& message() const;
  /// The whole story for the program's own people, in several lines: type(), message() and
  /// traceback(). For an Error, its describe() stands in place of message(), such as the
  /// certificate of a worker's death. Formatted at each call.
  std::string describe() const;
  /// One line for each frame, one for each exception that this exception was thrown with
  /// (std::throw_with_nested), and one for index(). May be empty. For a worker's death: where the
  /// worker was, if it could tell. Formatted at each call.
  std::string traceback() const;

  /// The same failure, as the failure of the element at `index` of a range.
  Failure atIndex(std::size_t index) const;
  /// The element of a map, forEach or gatherResults that failed. Empty for other failures, and when
  /// the element is not known. rethrow() and current() keep it.
  std::optional<std::size_t> index() const;

  /// The same failure, with further lines at the end of its traceback().
  Failure annotated(std::string lines) const;

  /// The same failure, of a job whose function was certainly never entered: mayHaveRun() is false.
  Failure neverRun() const;

  /// Throws the exception.
  [[noreturn]] void rethrow() const;
  /// The exception; never null.
  const std::exception_ptr& exception() const;

 private:
  std::string notes() const;
  template <class T>
  friend class Outcome;
  struct State;
  struct Rethrown;

  /// Empty, as in an Outcome that holds a value; may only be assigned to or destroyed.
  Failure() = default;
  explicit Failure(std::shared_ptr<const State> state) : state_(std::move(state)) {}

  template <class E>
  bool checkOne() const {
    if (isRemote()) {
      if (const auto known = checkRemote(typeid(E), std::is_base_of_v<Error, E>)) return *known;
    }
    try {
      std::rethrow_exception(exception());
    } catch (const E&) {
      return true;
    } catch (...) {
      return false;
    }
  }
  /// The answer of the description; empty when the exception itself must be asked.
  std::optional<bool> checkRemote(const std::type_info& type, bool belowError) const;
  static std::exception_ptr currentException();
  static const std::shared_ptr<const State>& lastResort();
  static std::shared_ptr<const State> makeState(std::exception_ptr exception,
                                                const std::string* traceback,
                                                bool fromJob) noexcept;

  std::shared_ptr<const State> state_;
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
