// The codec of a Failure as a part of a value: a message value that holds a schema::Failure.
#pragma once

#include <phial/protocol/failure.h>
#include <phial/protocol/value_codec.h>

#include <cstdint>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

template <>
struct Codec<Failure> {
  static std::uint64_t words(const Failure& failure);
  static void write(const Failure& failure, ValueWriter to);
  static Failure read(ValueReader value);
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
