// Large arguments as a message of their own, to which a run request refers.
#pragma once

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <phial/schema/worker.capnp.h>

#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

/// A message whose root is the list of a job's arguments.
class ArgumentMessage final : public capnp::MallocMessageBuilder {};

/// Makes `message`, whose root is the list of arguments, a part of `job`. The message must not
/// change until the request has been sent.
void encloseMessage(capnp::MessageBuilder& message, schema::Job::Builder job);

/// The arguments of a job, however they came. Borrows the request.
class ArgumentsOfJob {
 public:
  /// Throws kj::Exception when the message is malformed.
  explicit ArgumentsOfJob(schema::Job::Reader job);

  capnp::List<schema::Value>::Reader list() const { return list_; }

 private:
  std::vector<kj::ArrayPtr<const capnp::word>> segments_;
  kj::Maybe<capnp::SegmentArrayMessageReader> message_;
  capnp::List<schema::Value>::Reader list_;
};

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
