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

namespace phial {

template <class T>
class Outcome;

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
  /// this thread. An exception of another language is described as such. Throws std::logic_error
  /// outside a catch block. The end of a thread (pthread_exit, pthread_cancel) unwinds the stack
  /// too, is no exception and may not be stopped: inside its catch block this passes it on.
  static Failure current();
  /// The same for what a job's function threw at `traceback`, which may be empty.
  static Failure currentOfJob(std::string traceback);
  /// An exception of another process. It is rethrown as itself when it is one of the standard
  /// library's, else as RemoteError.
  static Failure remote(RemoteInfo info);

  /// Whether the exception is one of `E...`, as a catch clause would see it. A remote one is also
  /// `E` when E's qualified name is among its types(), though rethrow() throws RemoteError where
  /// this process cannot make an E. What a job's own function threw is no E of Phial's, whatever
  /// its type: QueueFull is a full queue, not a function that throws one. Its name can be asked
  /// for.
  template <class... E>
    requires(sizeof...(E) > 0)
  bool check() const {
    return (checkOne<E>() || ...);
  }
  /// Whether the exception's type or one of its public bases has this qualified name, such as
  /// "std::runtime_error". Needs no class in this process. The standard library's inline namespaces
  /// are left out: "std::filesystem::filesystem_error".
  bool check(std::string_view qualifiedTypeName) const;

  /// Returns *this when check<E...>(), else rethrows.
  template <class... E>
  const Failure& trap() const {
    if (!check<E...>()) rethrow();
    return *this;
  }

  /// The exception itself, valid as long as any copy of this Failure; null when it is no E. Of a
  /// remote E that is not one of the standard library's there is only the description: null too. E
  /// is a class.
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

  /// What the failure calls for. `raised` for what a job's function threw, whatever its type.
  FailureKind kind() const;
  /// True if the function that ran as a job threw it, in a worker. Errors of Phial's own types that
  /// the function threw are included: they are not Phial's reports.
  bool fromJob() const;
  /// False only if the function was certainly never entered, so that the job can be given to
  /// somebody else whatever it does. True where that is not known, and where there was no job.
  bool mayHaveRun() const;
  /// How the worker died that this failure tells of; null if none did. Of several deaths
  /// (PoisonJob) the last. Valid as long as any copy of this Failure.
  const DeathCertificate* certificate() const;
  /// The code of a std::system_error or std::future_error, also of a remote one.
  const std::optional<ErrorCode>& code() const;

  /// The qualified name of the exception's most derived type, where it was thrown.
  const std::string& type() const { return types().front(); }
  /// type(), then its public bases, nearest first. Never empty.
  const std::vector<std::string>& types() const;
  /// what() or, for kj::Exception, its description; text and numbers thrown as such are shown;
  /// anything else, and what has no text (a null what()), is named by its type.
  const std::string& message() const;
  /// The whole story for the program's own people, several lines: type() and message(), an Error's
  /// describe() instead of its message (the certificate of a worker's death, for instance), and
  /// traceback(). Formatted at each call.
  std::string describe() const;
  /// One line a frame, one for each exception that this one was thrown with
  /// (std::throw_with_nested), and one for index(); may be empty. Of a worker's death: where the
  /// worker was, as far as it could say. Formatted at each call.
  std::string traceback() const;

  /// The same failure as that of the element at `index` of a range.
  Failure atIndex(std::size_t index) const;
  /// Which element of the range of a map or forEach it is the failure of; empty for other failures,
  /// and where that is not known. Rethrowing and catching it again with current() keeps it.
  std::optional<std::size_t> index() const;

  /// The same failure, of a job whose function was certainly never entered: mayHaveRun() is false.
  Failure neverRun() const;

  [[noreturn]] void rethrow() const;
  /// Never null.
  const std::exception_ptr& exception() const;

 private:
  std::string notes() const;
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
  /// What the description says; nothing when the exception itself is to be asked.
  std::optional<bool> checkRemote(const std::type_info& type, bool belowError) const;
  static std::exception_ptr currentException();
  static const std::shared_ptr<const State>& lastResort();
  static std::shared_ptr<const State> makeState(std::exception_ptr exception,
                                                const std::string* traceback,
                                                bool fromJob) noexcept;

  std::shared_ptr<const State> state_;
};

}  // namespace phial
