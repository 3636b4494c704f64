// The place in a message where a value is written. A codec gets one, and fills it by encode(), or
// by the members here.
//
// A message is Cap'n Proto (schema/phial/schema/value.capnp), but a codec does not see it: programs
// that never name Cap'n Proto compile without its headers. <phial/protocol/value_capnp.h> leads
// from here to Cap'n Proto's classes and back.
//
// Life: each class here is a small handle, copied freely, that borrows its message. Thread rule: a
// message is used by one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

class ListWriter;
class MapWriter;

/// The place of one value, which is void until something is written. Each member replaces what was
/// written before; the memory of what is replaced stays in the message.
class ValueWriter {
 public:
  ValueWriter() = delete;

  void setVoid() const;
  void setBool(bool value) const;
  void setInt(std::int64_t value) const;
  void setUint(std::uint64_t value) const;
  void setFloat(double value) const;
  /// Throws EncodingError when a message cannot hold it.
  void setText(std::string_view text) const;
  void setData(std::span<const std::byte> bytes) const;
  /// Makes the value a list of `count` void values. Throws EncodingError when a message cannot hold
  /// so many.
  ListWriter initList(std::size_t count) const;
  /// As above, for a map of `count` entries.
  MapWriter initMap(std::size_t count) const;

 private:
  // A schema::Value::Builder, whose type is not known here.
  alignas(void*) std::byte builder_[40];
};

/// The elements of a list.
class ListWriter {
 public:
  ListWriter() = delete;

  std::size_t size() const;
  /// REQUIRES: index < size().
  ValueWriter operator[](std::size_t index) const;

 private:
  alignas(void*) std::byte builder_[40];
};

/// The entries of a map.
class MapWriter {
 public:
  MapWriter() = delete;

  /// The key of an entry. To be called once for each entry. REQUIRES: index is below the count of
  /// initMap().
  ValueWriter key(std::size_t index) const;
  /// The value of an entry; as key().
  ValueWriter value(std::size_t index) const;

 private:
  alignas(void*) std::byte builder_[40];
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
