// A Cap'n Proto struct that owns its memory.
//
// A Reader borrows from a message that somebody must keep; arguments and results of jobs outlive
// the message they arrived in. Message<S> is such a struct as an ordinary value: copied deeply,
// moved cheaply.
//
// Thread rule: as for any value; no two threads at once unless both only read.
#pragma once

#include <capnp/message.h>

#include <memory>

namespace phial {

/// S is a struct type that the Cap'n Proto compiler generated. A moved-from Message may only be
/// assigned to or destroyed.
template <class S>
class Message {
 public:
  /// All fields at their defaults.
  Message() : message_(std::make_unique<capnp::MallocMessageBuilder>()) { message_->initRoot<S>(); }

  /// A deep copy. Throws kj::Exception when the source is malformed or beyond its reader's limits.
  explicit Message(typename S::Reader source)
      : message_(std::make_unique<capnp::MallocMessageBuilder>()) {
    message_->setRoot(source);
  }

  Message(const Message& other) : Message(other.reader()) {}
  Message& operator=(const Message& other) {
    if (this != &other) *this = Message(other);
    return *this;
  }
  Message(Message&&) noexcept = default;
  Message& operator=(Message&&) noexcept = default;
  ~Message() = default;

  /// Borrowed: valid while this Message lives and holds the same struct; moving keeps it valid.
  typename S::Builder builder() { return message_->getRoot<S>(); }
  typename S::Reader reader() const { return message_->getRoot<S>().asReader(); }

 private:
  std::unique_ptr<capnp::MallocMessageBuilder> message_;
};

}  // namespace phial
