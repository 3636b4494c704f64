// The errors that Phial itself reports, each its own type below phial::Error.
//
// They are classed by what the caller should do. Errors of one job reach the caller through the
// job's Deferred; errors of the program (a second fire of a Resolver, an options field out of
// range) are thrown where they are made. Exceptions that a job's function throws are not among
// them: they arrive as RemoteError or, by name, as the type they had in the worker (failure.h).
#pragma once

#include <stdexcept>
#include <string>

namespace phial {

/// Base of every error that Phial reports.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The job or Deferred was cancelled before it had a result.
class CancelledError : public Error {
 public:
  CancelledError() : Error("cancelled") {}
  using Error::Error;
};

/// A Resolver was fired a second time. Thrown to whoever fires; the Deferred is not affected.
class AlreadyCalledError : public Error {
 public:
  AlreadyCalledError() : Error("the Deferred has already been called") {}
};

/// Deferred::addTimeout ran out. (A job's own limits are JobTimedOut and DeadlineExceeded.)
class TimeoutError : public Error {
 public:
  using Error::Error;
};

/// The job's `deadline`, end to end, passed before it had a result.
class DeadlineExceeded : public Error {
 public:
  using Error::Error;
};

/// The worker offers no function of this name; the message lists what it does offer.
class UnknownFunction : public Error {
 public:
  using Error::Error;
};

/// The pool's queue holds `maxQueue` jobs already. Try again later.
class QueueFull : public Error {
 public:
  using Error::Error;
};

/// The pool is stopping or has stopped. The job did not run.
class PoolStopped : public Error {
 public:
  using Error::Error;
};

/// A value does not fit: arguments that the function does not take, a result of another type than
/// asked for, a message above the pool's limit.
class EncodingError : public Error {
 public:
  using Error::Error;
};

/// A peer broke the protocol: a malformed or oversized frame, a pipe closed by a living worker.
class ProtocolError : public Error {
 public:
  using Error::Error;
};

}  // namespace phial
