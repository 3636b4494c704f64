#include "phial/protocol/value_writer.h"

#include <phial/protocol/value_capnp.h>

namespace phial::inline v1 {
namespace {

using Builder = schema::Value::Builder;
using Values = capnp::List<schema::Value>::Builder;
using Entries = capnp::List<schema::Entry>::Builder;

// A Cap'n Proto list counts its elements, or the words of its structs, in 29 bits.
constexpr std::uint64_t kMaxListWords = (1u << 29) - 1;
constexpr std::uint64_t kEntryWords = 2;

static_assert(detail::kValueWords == schema::Value::_capnpPrivate::dataWordSize +
                                         schema::Value::_capnpPrivate::pointerCount);

Values valuesOf(ListWriter list) { return std::bit_cast<Values>(list); }
Entries entriesOf(MapWriter map) { return std::bit_cast<Entries>(map); }

}  // namespace

void ValueWriter::setVoid() const { builderOf(*this).setVoid(); }
void ValueWriter::setBool(bool value) const { builderOf(*this).setBool(value); }
void ValueWriter::setInt(std::int64_t value) const { builderOf(*this).setInt(value); }
void ValueWriter::setUint(std::uint64_t value) const { builderOf(*this).setUint(value); }
void ValueWriter::setFloat(double value) const { builderOf(*this).setFloat(value); }
void ValueWriter::setText(std::string_view text) const { detail::encodeText(text, *this); }
void ValueWriter::setData(std::span<const std::byte> bytes) const {
  detail::encodeData(bytes, *this);
}

ListWriter ValueWriter::initList(std::size_t count) const {
  if (count > kMaxListWords / detail::kValueWords) {
    detail::throwEncoding("a list of " + std::to_string(count) +
                          " elements is too long for a message");
  }
  return writerOf(builderOf(*this).initList(static_cast<capnp::uint>(count)));
}

MapWriter ValueWriter::initMap(std::size_t count) const {
  if (count > kMaxListWords / kEntryWords) {
    detail::throwEncoding("a map of " + std::to_string(count) +
                          " entries is too long for a message");
  }
  return std::bit_cast<MapWriter>(builderOf(*this).initMap(static_cast<capnp::uint>(count)));
}

std::size_t ListWriter::size() const { return valuesOf(*this).size(); }

ValueWriter ListWriter::operator[](std::size_t index) const {
  return writerOf(valuesOf(*this)[static_cast<capnp::uint>(index)]);
}

ValueWriter MapWriter::key(std::size_t index) const {
  return writerOf(entriesOf(*this)[static_cast<capnp::uint>(index)].initKey());
}

ValueWriter MapWriter::value(std::size_t index) const {
  return writerOf(entriesOf(*this)[static_cast<capnp::uint>(index)].initValue());
}

}  // namespace phial::inline v1
