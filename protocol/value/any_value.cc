#include <capnp/message.h>
#include <phial/protocol/any_value_sliced.h>
#include <phial/protocol/value_capnp.h>

#include <charconv>
#include <cmath>
#include <memory>
#include <new>
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
  ValueWriter to;

  void operator()(const AnyValue::Map& map) const {
    const detail::Nesting nesting;
    auto entries = to.initMap(map.size());
    std::size_t index = 0;
    for (const auto& [key, value] : map) {
      detail::encodeValue(key, entries.key(index));
      detail::encodeValue(value, entries.value(index++));
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
AnyValue numbersOf(ValueReader value) {
  const auto chunks = detail::Chunks::ofNumbers(value, detail::numberOf<T>());
  std::vector<T> numbers(chunks.bytes() / sizeof(T));
  if (!numbers.empty()) chunks.copyTo(numbers.data());
  return AnyValue(AnyValue::Numbers(std::move(numbers)));
}

AnyValue packedOf(ValueReader value) {
  using detail::NumberType;
  switch (detail::packedType(value)) {
    case NumberType::int8:
      return numbersOf<std::int8_t>(value);
    case NumberType::int16:
      return numbersOf<std::int16_t>(value);
    case NumberType::int32:
      return numbersOf<std::int32_t>(value);
    case NumberType::int64:
      return numbersOf<std::int64_t>(value);
    case NumberType::uint8:
      return numbersOf<std::uint8_t>(value);
    case NumberType::uint16:
      return numbersOf<std::uint16_t>(value);
    case NumberType::uint32:
      return numbersOf<std::uint32_t>(value);
    case NumberType::uint64:
      return numbersOf<std::uint64_t>(value);
    case NumberType::float32:
      return numbersOf<float>(value);
    case NumberType::float64:
      return numbersOf<double>(value);
    case NumberType::bool8:
      return AnyValue(AnyValue::Numbers(detail::decodeBools(value)));
  }
  detail::throwMismatch("numbers of a known type", value);
}

AnyValue mapOf(ValueReader value) {
  const detail::Nesting nesting;
  AnyValue::Map map;
  const auto entries = detail::mapOf(value);
  detail::reserveDecoded(map, entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    map.emplace_back(detail::decodeValue<AnyValue>(entries.key(i)),
                     detail::decodeValue<AnyValue>(entries.value(i)));
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

static_assert(sizeof(AnyValue) == sizeof(AnyValue::Content) &&
              alignof(AnyValue) == alignof(AnyValue::Content));

const AnyValue::Content& AnyValue::content() const {
  return *std::launder(reinterpret_cast<const Content*>(content_));
}
AnyValue::Content& AnyValue::content() {
  return *std::launder(reinterpret_cast<Content*>(content_));
}

AnyValue::AnyValue() { ::new (content_) Content(); }
AnyValue::AnyValue(const AnyValue& other) { ::new (content_) Content(other.content()); }
AnyValue::AnyValue(AnyValue&& other) noexcept {
  ::new (content_) Content(std::move(other.content()));
}
AnyValue& AnyValue::operator=(const AnyValue& other) {
  content() = other.content();
  return *this;
}
AnyValue& AnyValue::operator=(AnyValue&& other) noexcept {
  content() = std::move(other.content());
  return *this;
}
AnyValue::~AnyValue() { std::destroy_at(&content()); }

AnyValue::AnyValue(Tag<bool>, bool value) { ::new (content_) Content(value); }
AnyValue::AnyValue(Tag<std::int64_t>, std::int64_t value) { ::new (content_) Content(value); }
AnyValue::AnyValue(Tag<std::uint64_t>, std::uint64_t value) { ::new (content_) Content(value); }
AnyValue::AnyValue(Tag<double>, double value) { ::new (content_) Content(value); }
AnyValue::AnyValue(std::string value) { ::new (content_) Content(std::move(value)); }
AnyValue::AnyValue(std::string_view value) { ::new (content_) Content(std::string(value)); }
AnyValue::AnyValue(const char* value) { ::new (content_) Content(std::string(required(value))); }
AnyValue::AnyValue(Bytes value) { ::new (content_) Content(std::move(value)); }
AnyValue::AnyValue(List value) { ::new (content_) Content(std::move(value)); }
AnyValue::AnyValue(Map value) { ::new (content_) Content(std::move(value)); }
AnyValue::AnyValue(Numbers value) { ::new (content_) Content(std::move(value)); }

bool AnyValue::empty() const { return std::holds_alternative<std::monostate>(content()); }

std::string AnyValue::toString() const {
  std::string text;
  put(text, *this);
  return text;
}

bool operator==(const AnyValue& a, const AnyValue& b) { return a.content() == b.content(); }

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

void Codec<AnyValue>::write(const AnyValue& value, ValueWriter to) {
  std::visit(Encode{to}, value.content());
}

AnyValue Codec<AnyValue>::read(ValueReader value) {
  switch (value.kind()) {
    case ValueKind::nothing:
      return {};
    case ValueKind::boolean:
      return value.getBool();
    case ValueKind::signedInteger:
      return value.getInt();
    case ValueKind::unsignedInteger:
      return value.getUint();
    case ValueKind::floatingPoint:
      return value.getFloat();
    case ValueKind::text:
      return detail::decodeValue<std::string>(value);
    case ValueKind::data:
      return detail::decodeValue<AnyValue::Bytes>(value);
    case ValueKind::list:
      return detail::decodeValue<AnyValue::List>(value);
    case ValueKind::map:
      return mapOf(value);
    case ValueKind::packed:
      return packedOf(value);
    case ValueKind::message:
    case ValueKind::shared:
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
ValueWriter ValueMessage::writer() { return writerOf(parts_->root); }
ValueReader ValueMessage::reader() { return readerOf(parts_->root.asReader()); }

void SlicedDecode<AnyValue>::guess(ValueReader value, ReadingCost& cost) {
  if (value.isList()) return guessElements<AnyValue>(value, cost);
  if (value.isMap()) return guessEntries<AnyValue, AnyValue>(value, cost);
  cost.add(kElementCost);
  guessBytes(value, cost);
}

SlicedWork SlicedDecode<AnyValue>::start(std::optional<AnyValue>& to, ValueReader value,
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
    for (std::size_t i = 0; i < entries.size(); ++i) {
      std::optional<AnyValue> key;
      const auto readKey = decodePart<AnyValue>(key, entries.key(i), inner);
      co_await readKey;
      std::optional<AnyValue> mapped;
      const auto readValue = decodePart<AnyValue>(mapped, entries.value(i), inner);
      co_await readValue;
      map.emplace_back(std::move(*key), std::move(*mapped));
      co_await Spent{2 * kElementCost};
    }
    to.emplace(std::move(map));
  } else {
    to.emplace(decodeAt<AnyValue>(value, level));
  }
}

SlicedWork SlicedEncode<AnyValue>::start(const AnyValue& value, ValueWriter to, Level level) {
  if (const auto* list = std::get_if<AnyValue::List>(&value.content())) {
    const auto work = SlicedEncode<AnyValue::List>::start(*list, to, level);
    co_await work;
  } else if (const auto* map = std::get_if<AnyValue::Map>(&value.content())) {
    const Level inner = level.below();
    auto entries = to.initMap(map->size());
    std::size_t index = 0;
    for (const auto& [key, mapped] : *map) {
      const auto writeKey = encodePart<AnyValue>(key, entries.key(index), inner);
      co_await writeKey;
      const auto writeValue = encodePart<AnyValue>(mapped, entries.value(index++), inner);
      co_await writeValue;
      co_await Spent{2 * kElementCost};
    }
  } else {
    encodeAt(value, to, level);
  }
}

}  // namespace detail
}  // namespace phial::inline v1
