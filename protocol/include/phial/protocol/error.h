// The errors that Phial reports, each a type below phial::Error.
//
// kind() classes them by what the caller should do. An error of one job reaches the caller through
// the job's Deferred. An error of the program, such as a second fire of a Resolver or an options
// field out of range, is thrown by the call. If a job's function throws one of these types, this is
// not a report of Phial: Failure::fromJob() is true then.
//
// Inheritance is single: with two bases below Error, `catch (const Error&)` would be ambiguous and
// would not catch.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

struct DeathCertificate;

/// What a failure calls for, in one word. Code that handles every failure in one place switches
/// over this.
enum class FailureKind {
  raised,       ///< thrown by the function or the program, which knows what it means
  refused,      ///< the call cannot be made so: EncodingError, UnknownFunction, NoSuchInterface
  overloaded,   ///< try again later: QueueFull
  timedOut,     ///< a limit of time has passed: the TimeLimit errors
  cancelled,    ///< the program no longer wanted the result: CancelledError
  crashed,      ///< the worker died of the job: WorkerDied, PoisonJob
  unavailable,  ///< nobody can run it: PoolStopped, StartupFailed, ReactorStopped
  internal,     ///< a fault of Phial or of a worker: ProtocolError
};

/// Base of every error that Phial reports. what() is one line that a client of the program may see:
/// no process ids, no paths, nothing that a worker printed.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;

  /// What Failure::kind() returns when Phial reports this error. The default is `raised`: it is
  /// also that of a program's own class below Error.
  virtual FailureKind kind() const noexcept { return FailureKind::raised; }
  /// False only if an error of this type means that the job's function was never entered.
  virtual bool mayHaveRun() const noexcept { return true; }
  /// The certificate of the worker's death that this error reports; null if it reports none.
  virtual const DeathCertificate* death() const noexcept { return nullptr; }
  /// The whole story, for the program's own people, in one or several lines. The default is what().
  virtual std::string describe() const { return what(); }
};

/// The job or Deferred was cancelled before it had a result.
class CancelledError : public Error {
 public:
  CancelledError() : Error("cancelled") {}
  using Error::Error;
  FailureKind kind() const noexcept override { return FailureKind::cancelled; }
};

/// A Resolver was fired a second time. Thrown to the caller who fires; the Deferred is not
/// affected.
class AlreadyCalledError : public Error {
 public:
  AlreadyCalledError() : Error("the Deferred has already been called") {}
  using Error::Error;
  /// `places` tells where the Deferred was made and fired, in indented lines.
  AlreadyCalledError(const std::string& what, std::string places)
      : Error(what), places_(std::make_shared<const std::string>(std::move(places))) {}
  /// With setDeferredDebugging also where the Deferred was made and first fired.
  std::string describe() const override {
    return places_ ? std::string(what()) + "\n" + *places_ : Error::describe();
  }

 private:
  std::shared_ptr<const std::string> places_;  // shared: copying an exception must not throw
};

/// A limit of time passed before the result was there. The base of the errors that say which limit.
class TimeLimit : public Error {
 public:
  using Error::Error;
  FailureKind kind() const noexcept override { return FailureKind::timedOut; }
};

/// The limit of Deferred::addTimeout passed. The limits of a job are JobTimedOut and
/// DeadlineExceeded.
class TimeoutError : public TimeLimit {
 public:
  using TimeLimit::TimeLimit;
};

/// The job's `deadline` passed before the result was there. Time in the queue counts.
class DeadlineExceeded : public TimeLimit {
 public:
  using TimeLimit::TimeLimit;
};

/// The worker offers no function of this name. The message lists the functions that it offers.
class UnknownFunction : public Error {
 public:
  using Error::Error;
  FailureKind kind() const noexcept override { return FailureKind::refused; }
  bool mayHaveRun() const noexcept override { return false; }
};

/// The worker exports no such Cap'n Proto interface, or not this method of it. The message says
/// what it offers.
class NoSuchInterface : public Error {
 public:
  using Error::Error;
  FailureKind kind() const noexcept override { return FailureKind::refused; }
  bool mayHaveRun() const noexcept override { return false; }
};

/// The pool's queue already holds `maxQueue` jobs. Try again later.
class QueueFull : public Error {
 public:
  using Error::Error;
  FailureKind kind() const noexcept override { return FailureKind::overloaded; }
  bool mayHaveRun() const noexcept override { return false; }
};

/// A job was to wait for a job that it had called, or for its parent, and as many jobs of its pool
/// wait as may: PoolOptions::maxWaiting.
class TooManyWaiting : public Error {
 public:
  using Error::Error;
  FailureKind kind() const noexcept override { return FailureKind::overloaded; }
};

/// The master of a job has gone, or has ended the conversation, while the job waited for it. The
/// worker is about to be ended.
class ParentGone : public Error {
 public:
  using Error::Error;
  FailureKind kind() const noexcept override { return FailureKind::unavailable; }
};

/// The pool is stopping or has stopped. Failure::mayHaveRun() says whether the job may have run.
class PoolStopped : public Error {
 public:
  using Error::Error;
  FailureKind kind() const noexcept override { return FailureKind::unavailable; }
};

/// The loop of a Reactor has stopped, or the Reactor has ended, while a thread waited for something
/// that only this loop brings. The function may have run, unless the text says otherwise.
class ReactorStopped : public Error {
 public:
  ReactorStopped() : Error("the reactor has stopped") {}
  using Error::Error;
  FailureKind kind() const noexcept override { return FailureKind::unavailable; }
};

/// A value does not fit: the function does not take these arguments, the result has another type
/// than the caller asked for, or a message is above the pool's limit.
class EncodingError : public Error {
 public:
  using Error::Error;
  FailureKind kind() const noexcept override { return FailureKind::refused; }
};

/// The other process broke the protocol: a malformed or oversized frame, or a pipe closed by a
/// worker that lives on.
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

}  // namespace phial::inline v1

#pragma GCC visibility pop
