// What the templates of call.h ask of the worker: calls of a job into its own pool, without their
// types. Nothing here is for users.
//
// The worker's runtime implements it. The arguments are written inside start(); the result is read
// where it lies in the master's answer.
//
// Thread rule: the thread that runs the job, but for the destructor of a NestedCall.
#pragma once

#include <phial/protocol/value_reader.h>
#include <phial/protocol/value_writer.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

/// What is called. An empty signature selects the function by its name alone.
struct CalledFunction {
  std::string_view name;
  std::string_view signature;
};

/// The arguments of one call, until they are written.
class NestedArguments {
 public:
  virtual unsigned count() const = 0;
  /// An upper bound of the words that they take. Throws EncodingError.
  virtual std::uint64_t words() const = 0;
  /// Throws EncodingError, or what a codec of the program's throws.
  virtual void write(ListWriter to) const = 0;

 protected:
  ~NestedArguments() = default;
};

/// One call, as its caller holds it.
class NestedCall {
 public:
  /// Cancels the call if it has not ended. May be destroyed on any thread, and after the job.
  virtual ~NestedCall() = default;

  /// What the function returned; valid as long as this object. REQUIRES: JobCalls::await has
  /// returned for it.
  virtual ValueReader result() = 0;
};

/// The calls of one job.
class JobCalls {
 public:
  /// Begins a call. Throws EncodingError when the arguments cannot be sent.
  virtual std::unique_ptr<NestedCall> start(const CalledFunction& function,
                                            const NestedArguments& arguments) = 0;
  /// Waits in line until all have ended. Throws the failure of one that has failed, without waiting
  /// for the others. Throws CancelledError, TooManyWaiting,
  /// ParentGone, and std::logic_error when the job of a call has ended. `calls` are start()'s.
  virtual void await(std::span<NestedCall* const> calls) = 0;

 protected:
  ~JobCalls() = default;
};

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
