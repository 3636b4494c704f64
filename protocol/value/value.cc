#include <capnp/any.h>
#include <kj/exception.h>
#include <phial/protocol/value_capnp.h>

#include <cfloat>
#include <cmath>

namespace phial::inline v1::detail {

namespace {

std::string describe(ValueReader value) {
  switch (value.kind()) {
    case ValueKind::nothing:
      return "nothing";
    case ValueKind::boolean:
      return "a bool";
    case ValueKind::signedInteger:
      return "the signed integer " + std::to_string(value.getInt());
    case ValueKind::unsignedInteger:
      return "the unsigned integer " + std::to_string(value.getUint());
    case ValueKind::floatingPoint:
      return "a floating-point number";
    case ValueKind::text:
      return "text";
    case ValueKind::data:
      return "bytes";
    case ValueKind::list:
      return "a list";
    case ValueKind::map:
      return "a map";
    case ValueKind::packed:
      return "packed " + std::string(numberName(packedType(value)));
    case ValueKind::message:
      return "a Cap'n Proto struct";
    case ValueKind::shared: {
      const auto element = capnpOf(value).getShared().getElement();
      return "a SharedArray of " + std::string(element.begin(), element.size());
    }
  }
  return "a kind of value this program does not know (union member " +
         std::to_string(static_cast<unsigned>(value.kind())) + ")";
}

std::string integerName(std::string_view sign, int bits) {
  return std::string(sign) + " " + std::to_string(bits) + "-bit integer";
}

// A list of structs that take no space can claim half a billion elements in a few bytes.
void requireBacked(capnp::AnyStruct::Reader first, std::uint64_t count) {
  if (first.getDataSection().size() < sizeof(capnp::word) &&
      first.getPointerSection().size() == 0) {
    throwEncoding("malformed list: claims " + std::to_string(count) +
                  " elements that take no space in the message");
  }
}

}  // namespace

void throwEncoding(const std::string& message) { throw EncodingError(message); }

void throwMalformed() {
  try {
    throw;
  } catch (const kj::Exception& exception) {
    throwEncoding(std::string("malformed value: ") + exception.getDescription().cStr());
  }
}

void throwMismatch(std::string_view expected, ValueReader found) {
  throwEncoding("expected " + std::string(expected) + ", found " + describe(found));
}

void throwCount(std::uint64_t expected, std::uint64_t found, std::string_view what) {
  throwEncoding("expected a list of " + std::to_string(expected) + " " + std::string(what) +
                ", found " + std::to_string(found));
}

void throwConversion() {
  try {
    throw;
  } catch (const EncodingError&) {
    throw;
  } catch (const std::exception& error) {
    throwEncoding(error.what());
  }
}

void throwDuplicate(std::string_view what) {
  throwEncoding("the same " + std::string(what) + " occurs twice");
}

void Nesting::throwTooDeep() {
  throwEncoding("the value nests deeper than " + std::to_string(kMaxNesting) + " levels");
}

bool decodeBool(ValueReader value) {
  if (!value.isBool()) throwMismatch("a bool", value);
  return value.getBool();
}

std::int64_t decodeSigned(ValueReader value, int bits) {
  const auto expected = [&] { return integerName("a signed", bits); };
  if (!value.isInt() && !value.isUint()) throwMismatch(expected(), value);
  const std::int64_t max = INT64_MAX >> (64 - bits);
  if (value.isUint()) {
    if (value.getUint() > static_cast<std::uint64_t>(max)) {
      throwMismatch(expected() + " (out of range)", value);
    }
    return static_cast<std::int64_t>(value.getUint());
  }
  const std::int64_t number = value.getInt();
  if (number > max || number < -max - 1) throwMismatch(expected() + " (out of range)", value);
  return number;
}

std::uint64_t decodeUnsigned(ValueReader value, int bits) {
  const auto expected = [&] { return integerName("an unsigned", bits); };
  if (!value.isInt() && !value.isUint()) throwMismatch(expected(), value);
  const std::uint64_t max = UINT64_MAX >> (64 - bits);
  if (value.isInt() && value.getInt() < 0) throwMismatch(expected() + " (out of range)", value);
  const std::uint64_t number =
      value.isInt() ? static_cast<std::uint64_t>(value.getInt()) : value.getUint();
  if (number > max) throwMismatch(expected() + " (out of range)", value);
  return number;
}

// A caller without types may write 2 where a function takes a double. Beyond 2^53 a double skips
// integers.
double decodeDouble(ValueReader value) {
  constexpr std::int64_t kMostExact = std::int64_t{1} << 53;
  if (value.isInt() && value.getInt() >= -kMostExact && value.getInt() <= kMostExact) {
    return static_cast<double>(value.getInt());
  }
  if (value.isUint() && value.getUint() <= static_cast<std::uint64_t>(kMostExact)) {
    return static_cast<double>(value.getUint());
  }
  if (!value.isFloat()) throwMismatch("a floating-point number", value);
  return value.getFloat();
}

float decodeFloat(ValueReader value) {
  const double number = decodeDouble(value);
  if (std::isfinite(number) && std::abs(number) > FLT_MAX) {
    throwEncoding("expected a 32-bit floating-point number (out of range), found a larger one");
  }
  return static_cast<float>(number);
}

void decodeVoid(ValueReader value) {
  if (!value.isVoid()) throwMismatch("nothing", value);
}

ListReader listOf(ValueReader value, std::string_view expected) {
  if (!value.isList()) throwMismatch(expected, value);
  const auto list = value.getList();
  if (list.size() > 0) requireBacked(capnpOf(list[0]), list.size());
  return list;
}

ListReader listOf(ValueReader value, std::size_t count, std::string_view what) {
  if (!value.isList()) {
    throwMismatch("a list of " + std::to_string(count) + " " + std::string(what), value);
  }
  const auto list = value.getList();
  if (list.size() != count) throwCount(count, list.size(), what);
  return list;
}

MapReader mapOf(ValueReader value) {
  if (!value.isMap()) throwMismatch("a map", value);
  const auto entries = capnpOf(value).getMap();
  if (entries.size() > 0) requireBacked(entries[0], entries.size());
  return value.getMap();
}

std::uint64_t mapWords(std::size_t count) { return kListWords + 2 * std::uint64_t{count}; }

std::uint64_t messageWords(std::uint64_t contentWords) {
  using Struct = schema::Message::_capnpPrivate;
  return kValueWords + Struct::dataWordSize + Struct::pointerCount + contentWords;
}

capnp::AnyPointer::Builder initMessage(ValueWriter to, std::uint64_t typeId) {
  auto message = builderOf(to).initMessage();
  message.setTypeId(typeId);
  return message.getContent();
}

capnp::AnyPointer::Reader messageContent(ValueReader value, std::uint64_t typeId) {
  const std::string expected = "a Cap'n Proto struct of type id " + std::to_string(typeId);
  if (value.kind() != ValueKind::message) throwMismatch(expected, value);
  const auto message = capnpOf(value).getMessage();
  if (message.getTypeId() != typeId) {
    throwEncoding("expected " + expected + ", found " + std::to_string(message.getTypeId()));
  }
  return message.getContent();
}

}  // namespace phial::inline v1::detail
