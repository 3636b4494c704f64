// Values and Cap'n Proto: for functions that take or return Cap'n Proto structs, and for code that
// reads or writes a value in a Cap'n Proto message of its own.
//
//   std::int64_t total(geometry::Shape::Reader shape);                     // a job's function
//   phial::Message<geometry::Shape> shape;
//   pool.deferToProcess<total>(shape.reader());
//
// Only this header needs Cap'n Proto's headers; a program that passes no Cap'n Proto struct to its
// jobs does not include it. Include it wherever such a function is declared or used.
#pragma once

#include <phial/protocol/message.h>
#include <phial/protocol/value.h>
#include <phial/schema/value.capnp.h>

#include <bit>
#include <cstdint>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

// --- From a place in a message to the classes that codecs use, and back ---

inline ValueWriter writerOf(schema::Value::Builder builder) {
  return std::bit_cast<ValueWriter>(builder);
}
inline ListWriter writerOf(capnp::List<schema::Value>::Builder builder) {
  return std::bit_cast<ListWriter>(builder);
}
inline ValueReader readerOf(schema::Value::Reader reader) {
  return std::bit_cast<ValueReader>(reader);
}
inline ListReader readerOf(capnp::List<schema::Value>::Reader reader) {
  return std::bit_cast<ListReader>(reader);
}

inline schema::Value::Builder builderOf(ValueWriter writer) {
  return std::bit_cast<schema::Value::Builder>(writer);
}
inline capnp::List<schema::Value>::Builder builderOf(ListWriter writer) {
  return std::bit_cast<capnp::List<schema::Value>::Builder>(writer);
}
inline schema::Value::Reader capnpOf(ValueReader reader) {
  return std::bit_cast<schema::Value::Reader>(reader);
}

/// As encode() and decode() of value.h.
template <class T>
void encode(const T& value, schema::Value::Builder builder) {
  encode(value, writerOf(builder));
}
template <class T>
T decode(schema::Value::Reader value) {
  return decode<T>(readerOf(value));
}

// --- Structs of the program's own ---

namespace detail {

template <class R>
  requires(capnp::kind<capnp::FromReader<R>>() == capnp::Kind::STRUCT)
struct StoredAs<R> {
  using type = Message<capnp::FromReader<R>>;
};

std::uint64_t messageWords(std::uint64_t contentWords);

/// Makes the value a struct of this type, and returns the place of its content.
capnp::AnyPointer::Builder initMessage(ValueWriter to, std::uint64_t typeId);
/// The content of a message value that holds a struct of this type.
capnp::AnyPointer::Reader messageContent(ValueReader value, std::uint64_t typeId);

}  // namespace detail

template <class S>
struct Codec<Message<S>> {
  static std::uint64_t words(const Message<S>& value) {
    return detail::messageWords(value.reader().totalSize().wordCount);
  }
  static void write(const Message<S>& value, ValueWriter to) {
    detail::initMessage(to, capnp::typeId<S>()).template setAs<S>(value.reader());
  }
  static Message<S> read(ValueReader value) {
    return Message<S>(detail::messageContent(value, capnp::typeId<S>()).template getAs<S>());
  }
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
