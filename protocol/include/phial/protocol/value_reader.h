// A value in a message, as a codec reads it: by decode(), or by the members here.
//
// As in value_writer.h, nothing here needs Cap'n Proto's headers.
//
// Life: each class here is a small handle, copied freely, that borrows its message. Thread rule: a
// message is used by one thread at a time.
//
// Trust: the bytes may come from another process. Each member reads within the message, and throws
// when a pointer leads out of it; decode() reports this as an EncodingError.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// What a value holds: see schema/phial/schema/value.capnp. A value of a newer program may be of a
/// kind that is not listed.
enum class ValueKind : std::uint16_t {
  nothing,
  boolean,
  signedInteger,
  unsignedInteger,
  floatingPoint,
  text,
  data,  ///< bytes; also a large text
  list,
  map,
  packed,   ///< numbers of one type
  message,  ///< a Cap'n Proto struct of the program's
  shared,   ///< a SharedArray
};

class ListReader;
class MapReader;

class ValueReader {
 public:
  ValueReader() = delete;

  ValueKind kind() const;
  bool isVoid() const { return kind() == ValueKind::nothing; }
  bool isBool() const { return kind() == ValueKind::boolean; }
  bool isInt() const { return kind() == ValueKind::signedInteger; }
  bool isUint() const { return kind() == ValueKind::unsignedInteger; }
  bool isFloat() const { return kind() == ValueKind::floatingPoint; }
  bool isText() const { return kind() == ValueKind::text; }
  bool isData() const { return kind() == ValueKind::data; }
  bool isList() const { return kind() == ValueKind::list; }
  bool isMap() const { return kind() == ValueKind::map; }
  bool isPacked() const { return kind() == ValueKind::packed; }

  /// What a value of this kind holds. Each of these REQUIRES the kind: of a value of another kind
  /// it returns anything.
  bool getBool() const;
  std::int64_t getInt() const;
  std::uint64_t getUint() const;
  double getFloat() const;
  std::string_view getText() const;  ///< borrowed from the message
  ListReader getList() const;
  MapReader getMap() const;

  /// The bytes that the value takes in its message. Visits all of the value.
  std::uint64_t totalBytes() const;

 private:
  // A schema::Value::Reader, whose type is not known here.
  alignas(void*) std::byte reader_[48];
};

/// The elements of a list.
class ListReader {
 public:
  class Iterator;

  ListReader() = delete;

  std::size_t size() const;
  /// REQUIRES: index < size().
  ValueReader operator[](std::size_t index) const;
  inline Iterator begin() const;
  inline Iterator end() const;

 private:
  alignas(void*) std::byte reader_[48];
};

class ListReader::Iterator {
 public:
  Iterator(const ListReader& list, std::size_t index) : list_(&list), index_(index) {}
  ValueReader operator*() const { return (*list_)[index_]; }
  Iterator& operator++() {
    ++index_;
    return *this;
  }
  bool operator==(const Iterator& other) const { return index_ == other.index_; }

 private:
  const ListReader* list_;
  std::size_t index_;
};

inline ListReader::Iterator ListReader::begin() const { return {*this, 0}; }
inline ListReader::Iterator ListReader::end() const { return {*this, size()}; }

/// The entries of a map, in the order in which they travel.
class MapReader {
 public:
  MapReader() = delete;

  std::size_t size() const;
  /// REQUIRES: index < size().
  ValueReader key(std::size_t index) const;
  ValueReader value(std::size_t index) const;

 private:
  alignas(void*) std::byte reader_[48];
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
