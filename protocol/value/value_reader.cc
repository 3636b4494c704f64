#include "phial/protocol/value_reader.h"

#include <phial/protocol/value_capnp.h>

namespace phial::inline v1 {
namespace {

using schema::Value;
using Values = capnp::List<Value>::Reader;
using Entries = capnp::List<schema::Entry>::Reader;

constexpr bool same(ValueKind kind, Value::Which member) {
  return static_cast<std::uint16_t>(kind) == static_cast<std::uint16_t>(member);
}
static_assert(same(ValueKind::nothing, Value::VOID) && same(ValueKind::boolean, Value::BOOL) &&
              same(ValueKind::signedInteger, Value::INT) &&
              same(ValueKind::unsignedInteger, Value::UINT) &&
              same(ValueKind::floatingPoint, Value::FLOAT) && same(ValueKind::text, Value::TEXT) &&
              same(ValueKind::data, Value::DATA) && same(ValueKind::list, Value::LIST) &&
              same(ValueKind::map, Value::MAP) && same(ValueKind::packed, Value::PACKED) &&
              same(ValueKind::message, Value::MESSAGE) && same(ValueKind::shared, Value::SHARED));

Values valuesOf(ListReader list) { return std::bit_cast<Values>(list); }
Entries entriesOf(MapReader map) { return std::bit_cast<Entries>(map); }

}  // namespace

ValueKind ValueReader::kind() const { return static_cast<ValueKind>(capnpOf(*this).which()); }
bool ValueReader::getBool() const { return capnpOf(*this).getBool(); }
std::int64_t ValueReader::getInt() const { return capnpOf(*this).getInt(); }
std::uint64_t ValueReader::getUint() const { return capnpOf(*this).getUint(); }
double ValueReader::getFloat() const { return capnpOf(*this).getFloat(); }

std::string_view ValueReader::getText() const {
  const auto text = capnpOf(*this).getText();
  return {text.begin(), text.size()};
}

ListReader ValueReader::getList() const { return readerOf(capnpOf(*this).getList()); }

MapReader ValueReader::getMap() const { return std::bit_cast<MapReader>(capnpOf(*this).getMap()); }

std::uint64_t ValueReader::totalBytes() const {
  return capnpOf(*this).totalSize().wordCount * sizeof(capnp::word);
}

std::size_t ListReader::size() const { return valuesOf(*this).size(); }

ValueReader ListReader::operator[](std::size_t index) const {
  return readerOf(valuesOf(*this)[static_cast<capnp::uint>(index)]);
}

std::size_t MapReader::size() const { return entriesOf(*this).size(); }

ValueReader MapReader::key(std::size_t index) const {
  return readerOf(entriesOf(*this)[static_cast<capnp::uint>(index)].getKey());
}

ValueReader MapReader::value(std::size_t index) const {
  return readerOf(entriesOf(*this)[static_cast<capnp::uint>(index)].getValue());
}

}  // namespace phial::inline v1
