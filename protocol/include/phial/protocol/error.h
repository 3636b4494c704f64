// The errors that Phial itself reports, each its own type below phial::Error.
//
// They are classed by what the caller should do: kind(). Errors of one job reach the caller through
// the job's Deferred; errors of the program (a second fire of a Resolver, an options field out of
// range) are thrown where they are made. What a job's function throws is never among them, also
// when it has one of these types: Failure::fromJob() says so.
//
// Inheritance is single: with two bases below Error a `catch (const Error&)` would be ambiguous and
// miss.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace phial {

struct DeathCertificate;

/// What a failure calls for, in one word. A place that handles every failure switches over these.
enum class FailureKind {
  raised,       ///< thrown by the function, or by a callback: the program knows what it means
  refused,      ///< the call cannot be made as it is: EncodingError, UnknownFunction
  overloaded,   ///< try again later: QueueFull
  timedOut,     ///< one of the TimeLimit errors
  cancelled,    ///< somebody did not want it any more: CancelledError
  crashed,      ///< the worker died of it: WorkerDied, PoisonJob
  unavailable,  ///< there is nobody to run it: PoolStopped, StartupFailed
  internal,     ///< a fault of Phial or of a worker: ProtocolError
};

/// Base of every error that Phial reports. what() is one line that a client of the program may see:
/// no process ids, no paths, nothing that a worker printed.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;

  /// What Failure::kind() says of this error when Phial reports it. A program's own class below
  /// Error is `raised` unless it says otherwise.
  virtual FailureKind kind() const noexcept { return FailureKind::raised; }
  /// False only if an error of this type means that the function was never entered.
  virtual bool mayHaveRun() const noexcept { return true; }
  /// How the worker died whose death this error tells of; null where none did.
  virtual const DeathCertificate* death() const noexcept { return nullptr; }
  /// The whole story, for the program's own people; may have several lines. By default what().
  virtual std::string describe() const { return what(); }
};

/// The job or Deferred was cancelled before it had a result.
class CancelledError : public Error {
 public:
  CancelledError() : Error("cancelled") {}
  using Error::Error;
  FailureKind kind() const noexcept override { return FailureKind::cancelled; }
};

/// A Resolver was fired a second time. Thrown to whoever fires; the Deferred is not affected.
class AlreadyCalledError : public Error {
 public:
  AlreadyCalledError() : Error("the Deferred has already been called") {}
  using Error::Error;
};

/// A limit of time passed before there was a result. The base of those that say which.
class TimeLimit : public Error {
 public:
  using Error::Error;
  FailureKind kind() const noexcept override { return FailureKind::timedOut; }
};

/// Deferred::addTimeout ran out. (A job's own limits are JobTimedOut and DeadlineExceeded.)
class TimeoutError : public TimeLimit {
 public:
  using TimeLimit::TimeLimit;
};

/// The job's `deadline`, end to end, passed before it had a result.
class DeadlineExceeded : public TimeLimit {
 public:
  using TimeLimit::TimeLimit;
};

/// The worker offers no function of this name; the message lists what it does offer.
class UnknownFunction : public Error {
 public:
  using Error::Error;
  FailureKind kind() const noexcept override { return FailureKind::refused; }
  bool mayHaveRun() const noexcept override { return false; }
};

/// The pool's queue holds `maxQueue` jobs already. Try again later.
class QueueFull : public Error {
 public:
  using Error::Error;
  FailureKind kind() const noexcept override { return FailureKind::overloaded; }
  bool mayHaveRun() const noexcept override { return false; }
};

/// The pool is stopping or has stopped. Failure::mayHaveRun() says whether the job ran.
class PoolStopped : public Error {
 public:
  using Error::Error;
  FailureKind kind() const noexcept override { return FailureKind::unavailable; }
};

/// A value does not fit: arguments that the function does not take, a result of another type than
/// asked for, a message above the pool's limit.
class EncodingError : public Error {
 public:
  using Error::Error;
  FailureKind kind() const noexcept override { return FailureKind::refused; }
};

/// A peer broke the protocol: a malformed or oversized frame, a pipe closed by a living worker.
class ProtocolError : public Error {
 public:
  using Error::Error;
  /// `story` is what describe() returns.
  ProtocolError(const std::string& what, std::string story)
      : Error(what), story_(std::make_shared<const std::string>(std::move(story))) {}
  std::string describe() const override { return story_ ? *story_ : Error::describe(); }
  FailureKind kind() const noexcept override { return FailureKind::internal; }

 private:
  std::shared_ptr<const std::string> story_;  // shared: copying an exception must not throw
};

}  // namespace phial
