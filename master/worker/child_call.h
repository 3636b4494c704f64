// What a job asks of its pool, as a worker reports it: calls of functions, and that it waits.
//
// Thread rule: the loop's.
#pragma once

#include <phial/protocol/failure.h>
#include <phial/schema/worker.capnp.h>

#include <cstdint>
#include <string>
#include <vector>

namespace phial::inline v1::detail {

/// A call of a job's into its own pool, until it is answered or taken back.
class ChildCall {
 public:
  virtual ~ChildCall() = default;

  /// The job that calls, by the worker's account.
  std::uint64_t job = 0;
  /// The worker's number for the call.
  std::uint64_t number = 0;
  std::string function;
  std::string signature;

  /// False when the worker has taken the call back, or is gone: nothing of the message is left, and
  /// the members below do nothing.
  virtual bool wanted() const = 0;
  /// The arguments, as they lie in the message. REQUIRES: wanted().
  virtual capnp::List<schema::Value>::Reader arguments() const = 0;
  /// Keeps the result for succeed(); copies it.
  virtual void keepResult(schema::Value::Reader result) = 0;
  /// Answers with the result that was kept.
  virtual void succeed() = 0;
  /// Answers with everything that `failure` says.
  virtual void fail(const Failure& failure) = 0;
};

/// That a job does nothing but wait.
struct JobWait {
  std::uint64_t job = 0;
  /// The calls that it waits for; when empty, for its parent.
  std::vector<std::uint64_t> calls;
};

/// Why a job is to wait no longer.
enum class JobWaitEnd { answered, cancelled, tooMany };

}  // namespace phial::inline v1::detail
