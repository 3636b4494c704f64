#include <capnp/message.h>
#include <phial/protocol/any_value_sliced.h>

#include <charconv>
#include <cmath>
#include <memory>
#include <stdexcept>

namespace phial::inline v1 {
namespace {

using detail::SequenceCodec;

// A variant's alternatives are sent as what they hold: its own codec would send its index too.
struct Words {
  std::uint64_t operator()(const AnyValue::Map& map) const {
    const detail::Nesting nesting;
    std::uint64_t words = detail::mapWords(map.size());
    for (const auto& [key, value] : map) {
      words += detail::valueWords(key) + detail::valueWords(value);
    }
    return words;
  }
  std::uint64_t operator()(const AnyValue::Numbers& numbers) const {
    return std::visit(
        []<class T>(const std::vector<T>& row) {
          if constexpr (detail::ByteLike<T>) {
            return detail::packedWords(row.size());
          } else {
            return detail::valueWords(row);
          }
        },
        numbers);
  }
  std::uint64_t operator()(const auto& value) const { return detail::valueWords(value); }
};

struct Encode {
  schema::Value::Builder to;

  void operator()(const AnyValue::Map& map) const {
    const detail::Nesting nesting;
    auto entries = detail::initMap(to, map.size());
    capnp::uint index = 0;
    for (const auto& [key, value] : map) {
      auto entry = entries[index++];
      detail::encodeValue(key, entry.initKey());
      detail::encodeValue(value, entry.initValue());
    }
  }
  // Bytes among the numbers must not become Data.
  void operator()(const AnyValue::Numbers& numbers) const {
    std::visit(
        [&]<class T>(const std::vector<T>& row) {
          if constexpr (detail::ByteLike<T>) {
            detail::encodePacked(detail::numberOf<T>(), std::as_bytes(std::span(row)), to);
          } else {
            detail::encodeValue(row, to);
          }
        },
        numbers);
  }
  void operator()(const auto& value) const { detail::encodeValue(value, to); }
};

template <class T>
AnyValue numbersOf(schema::Value::Reader value) {
  const auto chunks = detail::Chunks::ofNumbers(value, detail::numberOf<T>());
  std::vector<T> numbers(chunks.bytes() / sizeof(T));
  if (!numbers.empty()) chunks.copyTo(numbers.data());
  return AnyValue(AnyValue::Numbers(std::move(numbers)));
}

AnyValue packedOf(schema::Value::Reader value) {
  switch (value.getPacked().getType()) {
    case schema::Number::INT8:
      return numbersOf<std::int8_t>(value);
    case schema::Number::INT16:
      return numbersOf<std::int16_t>(value);
    case schema::Number::INT32:
      return numbersOf<std::int32_t>(value);
    case schema::Number::INT64:
      return numbersOf<std::int64_t>(value);
    case schema::Number::UINT8:
      return numbersOf<std::uint8_t>(value);
    case schema::Number::UINT16:
      return numbersOf<std::uint16_t>(value);
    case schema::Number::UINT32:
      return numbersOf<std::uint32_t>(value);
    case schema::Number::UINT64:
      return numbersOf<std::uint64_t>(value);
    case schema::Number::FLOAT32:
      return numbersOf<float>(value);
    case schema::Number::FLOAT64:
      return numbersOf<double>(value);
    case schema::Number::BOOL8:
      return AnyValue(AnyValue::Numbers(detail::decodeBools(value)));
  }
  detail::throwMismatch("numbers of a known type", value);
}

AnyValue mapOf(schema::Value::Reader value) {
  const detail::Nesting nesting;
  AnyValue::Map map;
  const auto entries = detail::mapOf(value);
  detail::reserveDecoded(map, entries.size());
  for (const auto entry : entries) {
    map.emplace_back(detail::decodeValue<AnyValue>(entry.getKey()),
                     detail::decodeValue<AnyValue>(entry.getValue()));
  }
  return AnyValue(std::move(map));
}

// --- As text ---

void put(std::string& to, const AnyValue& value);

void putText(std::string& to, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  to += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      to.append(1, '\\').append(1, c);
    } else if (byte < 0x20) {
      to.append("\\u00").append(1, kHex[byte >> 4]).append(1, kHex[byte & 15]);
    } else {
      to += c;
    }
  }
  to += '"';
}

void putNumber(std::string& to, auto number) {
  char text[32];
  const auto end = std::to_chars(std::begin(text), std::end(text), number).ptr;
  to.append(text, end);
}

void putNumber(std::string& to, bool value) { to += value ? "true" : "false"; }

template <std::floating_point T>
void putNumber(std::string& to, T number) {
  if (!std::isfinite(number)) {
    to += "null";
    return;
  }
  char text[32];
  const auto end = std::to_chars(std::begin(text), std::end(text), number).ptr;
  to.append(text, end);
}

template <class Range, class Put>
void putAll(std::string& to, char open, const Range& range, char close, Put putOne) {
  to += open;
  bool first = true;
  for (const auto& element : range) {
    if (!std::exchange(first, false)) to += ',';
    putOne(element);
  }
  to += close;
}

struct Put {
  std::string& to;

  void operator()(std::monostate) const { to += "null"; }
  void operator()(const std::string& text) const { putText(to, text); }
  void operator()(const AnyValue::Bytes& bytes) const {
    constexpr char kHex[] = "0123456789abcdef";
    to += '"';
    for (const auto byte : bytes) {
      to += kHex[std::to_integer<unsigned>(byte >> 4)];
      to += kHex[std::to_integer<unsigned>(byte & std::byte{15})];
    }
    to += '"';
  }
  void operator()(const AnyValue::List& list) const {
    putAll(to, '[', list, ']', [this](const AnyValue& element) { put(to, element); });
  }
  void operator()(const AnyValue::Map& map) const {
    const auto named = [](const auto& entry) {
      return std::holds_alternative<std::string>(entry.first.content());
    };
    const bool object = std::all_of(map.begin(), map.end(), named);
    const auto putEntry = [&](const auto& entry) {
      if (!object) to += '[';
      put(to, entry.first);
      to += object ? ':' : ',';
      put(to, entry.second);
      if (!object) to += ']';
    };
    putAll(to, object ? '{' : '[', map, object ? '}' : ']', putEntry);
  }
  void operator()(const AnyValue::Numbers& numbers) const {
    std::visit(
        [this]<class T>(const std::vector<T>& row) {
          putAll(to, '[', row, ']', [this](const T& number) { putNumber(to, number); });
        },
        numbers);
  }
  void operator()(auto number) const { putNumber(to, number); }
};

// Whoever makes an AnyValue by hand can nest it as deep as memory goes.
void put(std::string& to, const AnyValue& value) {
  const detail::Nesting nesting;
  std::visit(Put{to}, value.content());
}

const char* required(const char* text) {
  if (text == nullptr) throw std::invalid_argument("AnyValue: the text is a null pointer");
  return text;
}

}  // namespace

AnyValue::AnyValue() = default;
AnyValue::AnyValue(const AnyValue& other) = default;
AnyValue::AnyValue(AnyValue&& other) noexcept = default;
AnyValue& AnyValue::operator=(const AnyValue& other) = default;
AnyValue& AnyValue::operator=(AnyValue&& other) noexcept = default;
AnyValue::~AnyValue() = default;

AnyValue::AnyValue(Tag<bool>, bool value) : content_(value) {}
AnyValue::AnyValue(Tag<std::int64_t>, std::int64_t value) : content_(value) {}
AnyValue::AnyValue(Tag<std::uint64_t>, std::uint64_t value) : content_(value) {}
AnyValue::AnyValue(Tag<double>, double value) : content_(value) {}
AnyValue::AnyValue(std::string value) : content_(std::move(value)) {}
AnyValue::AnyValue(std::string_view value) : content_(std::string(value)) {}
AnyValue::AnyValue(const char* value) : content_(std::string(required(value))) {}
AnyValue::AnyValue(Bytes value) : content_(std::move(value)) {}
AnyValue::AnyValue(List value) : content_(std::move(value)) {}
AnyValue::AnyValue(Map value) : content_(std::move(value)) {}
AnyValue::AnyValue(Numbers value) : content_(std::move(value)) {}

bool AnyValue::empty() const { return std::holds_alternative<std::monostate>(content_); }

std::string AnyValue::toString() const {
  std::string text;
  put(text, *this);
  return text;
}

bool operator==(const AnyValue& a, const AnyValue& b) { return a.content_ == b.content_; }

Values::Values() = default;
Values::Values(std::initializer_list<AnyValue> values) : list_(values) {}
Values::Values(AnyValue::List values) : list_(std::move(values)) {}
Values::Values(const Values& other) = default;
Values::Values(Values&& other) noexcept = default;
Values& Values::operator=(const Values& other) = default;
Values& Values::operator=(Values&& other) noexcept = default;
Values::~Values() = default;

bool operator==(const Values& a, const Values& b) { return a.list_ == b.list_; }

std::uint64_t Codec<AnyValue>::words(const AnyValue& value) {
  return std::visit(Words(), value.content());
}

void Codec<AnyValue>::encode(const AnyValue& value, schema::Value::Builder builder) {
  std::visit(Encode{builder}, value.content());
}

AnyValue Codec<AnyValue>::decode(schema::Value::Reader value) {
  switch (value.which()) {
    case schema::Value::VOID:
      return {};
    case schema::Value::BOOL:
      return value.getBool();
    case schema::Value::INT:
      return value.getInt();
    case schema::Value::UINT:
      return value.getUint();
    case schema::Value::FLOAT:
      return value.getFloat();
    case schema::Value::TEXT:
      return detail::decodeValue<std::string>(value);
    case schema::Value::DATA:
      return detail::decodeValue<AnyValue::Bytes>(value);
    case schema::Value::LIST:
      return detail::decodeValue<AnyValue::List>(value);
    case schema::Value::MAP:
      return mapOf(value);
    case schema::Value::PACKED:
      return packedOf(value);
    case schema::Value::MESSAGE:
    case schema::Value::SHARED:
      break;
  }
  detail::throwMismatch("a value that can be read without its type", value);
}

namespace detail {

struct ValueMessage::Parts {
  capnp::MallocMessageBuilder message;
  schema::Value::Builder root = message.initRoot<schema::Value>();
};

ValueMessage::ValueMessage() : parts_(std::make_unique<Parts>()) {}
ValueMessage::~ValueMessage() = default;
schema::Value::Builder ValueMessage::builder() { return parts_->root; }
schema::Value::Reader ValueMessage::reader() { return parts_->root.asReader(); }

void SlicedDecode<AnyValue>::guess(schema::Value::Reader value, ReadingCost& cost) {
  if (value.isList()) return guessElements<AnyValue>(value, cost);
  if (value.isMap()) return guessEntries<AnyValue, AnyValue>(value, cost);
  cost.add(kElementCost);
  guessBytes(value, cost);
}

SlicedWork SlicedDecode<AnyValue>::start(std::optional<AnyValue>& to, schema::Value::Reader value,
                                         Level level) {
  if (value.isList()) {
    std::optional<AnyValue::List> list;
    const auto work = SlicedDecode<AnyValue::List>::start(list, value, level);
    co_await work;
    to.emplace(std::move(*list));
  } else if (value.isMap()) {
    const Level inner = level.below();
    AnyValue::Map map;
    const auto entries = detail::mapOf(value);
    map.reserve(entries.size());
    for (const auto entry : entries) {
      std::optional<AnyValue> key;
      const auto readKey = decodePart<AnyValue>(key, entry.getKey(), inner);
      co_await readKey;
      std::optional<AnyValue> mapped;
      const auto readValue = decodePart<AnyValue>(mapped, entry.getValue(), inner);
      co_await readValue;
      map.emplace_back(std::move(*key), std::move(*mapped));
      co_await Spent{2 * kElementCost};
    }
    to.emplace(std::move(map));
  } else {
    to.emplace(decodeAt<AnyValue>(value, level));
  }
}

SlicedWork SlicedEncode<AnyValue>::start(const AnyValue& value, schema::Value::Builder to,
                                         Level level) {
  if (const auto* list = std::get_if<AnyValue::List>(&value.content())) {
    const auto work = SlicedEncode<AnyValue::List>::start(*list, to, level);
    co_await work;
  } else if (const auto* map = std::get_if<AnyValue::Map>(&value.content())) {
    const Level inner = level.below();
    auto entries = initMap(to, map->size());
    capnp::uint index = 0;
    for (const auto& [key, mapped] : *map) {
      auto entry = entries[index++];
      const auto writeKey = encodePart<AnyValue>(key, entry.initKey(), inner);
      co_await writeKey;
      const auto writeValue = encodePart<AnyValue>(mapped, entry.initValue(), inner);
      co_await writeValue;
      co_await Spent{2 * kElementCost};
    }
  } else {
    encodeAt(value, to, level);
  }
}

}  // namespace detail
}  // namespace phial::inline v1
