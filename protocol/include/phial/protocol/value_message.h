// The codec of a program's own Cap'n Proto structs.
#pragma once

#include <phial/protocol/message.h>
#include <phial/protocol/value_codec.h>

namespace phial::inline v1 {
namespace detail {

std::uint64_t messageWords(std::uint64_t contentWords);

/// The content of a message value that holds a struct of this type.
capnp::AnyPointer::Reader messageContent(schema::Value::Reader value, std::uint64_t typeId);

}  // namespace detail

template <class S>
struct Codec<Message<S>> {
  static std::uint64_t words(const Message<S>& value) {
    return detail::messageWords(value.reader().totalSize().wordCount);
  }
  static void encode(const Message<S>& value, schema::Value::Builder builder) {
    auto message = builder.initMessage();
    message.setTypeId(capnp::typeId<S>());
    message.getContent().template setAs<S>(value.reader());
  }
  static Message<S> decode(schema::Value::Reader value) {
    return Message<S>(detail::messageContent(value, capnp::typeId<S>()).template getAs<S>());
  }
};

}  // namespace phial::inline v1
