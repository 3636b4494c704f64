// What arrives is what was sent, for every type that can travel.
#include <capnp/message.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/protocol/value_capnp.h>

#include <cmath>
#include <limits>

namespace phial {
namespace {

struct Corner {
  double x;
  double y;
  bool operator==(const Corner&) const = default;
};
struct Shape {
  std::string name;
  std::vector<Corner> corners;
  std::optional<int> layer;
  const int revision = 0;
  bool operator==(const Shape&) const = default;
};
struct Nothing {
  bool operator==(const Nothing&) const = default;
};
struct Twig {
  int leaf;
  std::vector<Twig> children;
  bool operator==(const Twig&) const = default;
};
enum class Level : std::int8_t { low = -100, high = 100 };
enum Plain { kPlainA, kPlainB = 7 };

class Money {
 public:
  explicit Money(std::int64_t cents) : cents_(cents) {}
  std::int64_t cents() const { return cents_; }
  bool operator==(const Money&) const = default;

 private:
  std::int64_t cents_;
};

}  // namespace

template <>
struct Codec<Money> {
  static std::uint64_t words(const Money& money) { return encodedWords(money.cents()); }
  static void write(const Money& money, ValueWriter to) { phial::encode(money.cents(), to); }
  static Money read(ValueReader value) { return Money(phial::decode<std::int64_t>(value)); }
};

namespace {

// Encodes into a message and decodes from a copy of its words; checks the estimate on the way.
template <class T>
T roundTrip(const T& value) {
  capnp::MallocMessageBuilder message;
  auto root = message.initRoot<schema::Value>();
  encode(value, root);
  EXPECT_EQ(encodedWords(value), root.asReader().totalSize().wordCount);
  return decode<T>(root.asReader());
}

template <class T>
void expectRoundTrip(const T& value) {
  EXPECT_EQ(roundTrip(value), value);
}

template <class T>
void expectNumberLimits() {
  using Limits = std::numeric_limits<T>;
  for (const T number : {Limits::lowest(), T{0}, T{1}, Limits::max()}) expectRoundTrip(number);
  expectRoundTrip(std::vector<T>{Limits::lowest(), T{0}, T{1}, Limits::max()});
  expectRoundTrip(std::array<T, 3>{Limits::lowest(), T{1}, Limits::max()});
  expectRoundTrip(std::vector<T>{});
}

schema::Value::Which whichOf(const auto& value) {
  capnp::MallocMessageBuilder message;
  auto root = message.initRoot<schema::Value>();
  encode(value, root);
  return root.which();
}

TEST(ValueTest, NumbersOfEveryWidthKeepTheirLimits) {
  expectNumberLimits<signed char>();
  expectNumberLimits<char>();
  expectNumberLimits<short>();
  expectNumberLimits<int>();
  expectNumberLimits<long>();
  expectNumberLimits<long long>();
  expectNumberLimits<unsigned char>();
  expectNumberLimits<unsigned short>();
  expectNumberLimits<unsigned>();
  expectNumberLimits<unsigned long>();
  expectNumberLimits<unsigned long long>();
  expectNumberLimits<char16_t>();
  expectNumberLimits<float>();
  expectNumberLimits<double>();
}

TEST(ValueTest, FloatingPointKeepsSpecialValues) {
  for (const double number : {-0.0, HUGE_VAL, -HUGE_VAL, 5e-324}) {
    EXPECT_EQ(std::bit_cast<std::uint64_t>(roundTrip(number)),
              std::bit_cast<std::uint64_t>(number));
  }
  for (const float number : {-0.0f, HUGE_VALF, 1e-45f}) {
    EXPECT_EQ(std::bit_cast<std::uint32_t>(roundTrip(number)),
              std::bit_cast<std::uint32_t>(number));
  }
  EXPECT_TRUE(std::isnan(roundTrip(std::nan(""))));
  EXPECT_TRUE(std::isnan(roundTrip(std::nanf(""))));
  EXPECT_TRUE(std::isnan(roundTrip(std::vector<float>{1, std::nanf("")})[1]));
}

TEST(ValueTest, EnumsKeepValuesOfTheirUnderlyingType) {
  expectRoundTrip(Level::low);
  expectRoundTrip(Level::high);
  expectRoundTrip(kPlainB);
  expectRoundTrip(std::byte{255});
  expectRoundTrip(std::vector{Level::low, Level::high});
  EXPECT_EQ(whichOf(Level::low), schema::Value::INT);
}

TEST(ValueTest, BoolsTravelAloneAndInSequences) {
  expectRoundTrip(true);
  expectRoundTrip(false);
  expectRoundTrip(std::vector<bool>{});
  expectRoundTrip(std::vector<bool>{true, false, true});
  expectRoundTrip(std::array<bool, 2>{true, false});
  EXPECT_EQ(whichOf(std::vector<bool>{true}), schema::Value::PACKED);
}

TEST(ValueTest, StringsKeepEveryByte) {
  expectRoundTrip(std::string());
  expectRoundTrip(std::string("caf\xc3\xa9"));
  expectRoundTrip(std::string("a\0b\xff", 4));
  expectRoundTrip(std::vector<std::string>{"", "one", std::string(1000, 'x')});
}

TEST(ValueTest, BytesTravelAsData) {
  expectRoundTrip(std::vector<std::byte>{});
  expectRoundTrip(std::vector<std::byte>(9, std::byte{200}));
  expectRoundTrip(std::vector<unsigned char>{1, 2, 255});
  expectRoundTrip(std::array<std::uint8_t, 2>{1, 2});
  EXPECT_EQ(whichOf(std::vector<std::byte>(3)), schema::Value::DATA);
}

TEST(ValueTest, DurationsKeepTheirCount) {
  expectRoundTrip(std::chrono::nanoseconds::min());
  expectRoundTrip(std::chrono::hours(3));
  expectRoundTrip(std::chrono::duration<double>(0.25));
}

TEST(ValueTest, ProductTypesKeepTheirMembers) {
  expectRoundTrip(std::pair(1, std::string("x")));
  expectRoundTrip(std::tuple());
  expectRoundTrip(std::tuple(1u, 2.5, std::string("x"), true));
  expectRoundTrip(Corner{1.5, -2});
  expectRoundTrip(Shape{"triangle", {{0, 0}, {1, 0}, {0, 1}}, 3, 9});
  expectRoundTrip(Nothing{});
  expectRoundTrip(std::array<Corner, 2>{{{1, 2}, {3, 4}}});
  expectRoundTrip(std::array<std::string, 0>{});
}

TEST(ValueTest, OptionalsTellEmptyApartAtEveryLevel) {
  using Nested = std::optional<std::optional<int>>;
  expectRoundTrip(std::optional<int>());
  expectRoundTrip(std::optional<int>(0));
  expectRoundTrip(Nested());
  expectRoundTrip(Nested(std::optional<int>()));
  expectRoundTrip(Nested(std::optional<int>(5)));
  expectRoundTrip(std::optional<std::monostate>());
  expectRoundTrip(std::optional(std::monostate()));
}

TEST(ValueTest, VariantsKeepTheirAlternative) {
  using Variant = std::variant<std::monostate, int, std::string, int>;
  expectRoundTrip(Variant());
  expectRoundTrip(Variant(std::in_place_index<1>, 4));
  expectRoundTrip(Variant(std::in_place_index<3>, 4));
  expectRoundTrip(Variant("text"));
}

TEST(ValueTest, MapsAndSetsKeepTheirElements) {
  expectRoundTrip(std::map<std::string, int>{{"a", 1}, {"b", 2}});
  expectRoundTrip(std::map<int, std::map<int, int>>{{1, {}}, {2, {{3, 4}}}});
  expectRoundTrip(std::unordered_map<int, std::string>{{1, "x"}, {2, "y"}});
  expectRoundTrip(std::set<std::string>{"a", "b"});
  expectRoundTrip(std::unordered_set<int>{1, 2, 3});
  expectRoundTrip(std::map<int, int>{});
}

TEST(ValueTest, TypesNestAtWill) {
  using Inner = std::map<std::pair<int, std::string>, std::vector<std::optional<Shape>>>;
  const Inner inner{{{1, "a"}, {std::nullopt, Shape{"s", {{1, 2}}, {}, 1}}}, {{2, "b"}, {}}};
  expectRoundTrip(std::vector<std::variant<Inner, Twig>>{inner, Twig{1, {{2, {}}, {3, {}}}}});
}

TEST(ValueTest, UserTypeTravelsByItsCodec) {
  expectRoundTrip(Money(1250));
  expectRoundTrip(std::vector<std::optional<Money>>{Money(1), std::nullopt});
}

TEST(ValueTest, CapnpStructTravelsWhole) {
  Message<schema::Entry> entry;
  entry.builder().initKey().setText("key");
  entry.builder().initValue().setInt(-5);
  const auto arrived = roundTrip(entry);
  EXPECT_EQ(std::string(arrived.reader().getKey().getText().cStr()), "key");
  EXPECT_EQ(arrived.reader().getValue().getInt(), -5);
}

TEST(ValueTest, MessageIsCopiedDeeply) {
  Message<schema::Entry> entry;
  entry.builder().initKey().setInt(1);
  const Message<schema::Entry> copy = entry;
  entry.builder().getKey().setInt(2);
  EXPECT_EQ(copy.reader().getKey().getInt(), 1);
  entry = copy;
  EXPECT_EQ(entry.reader().getKey().getInt(), 1);
  const auto moved = std::move(entry);
  EXPECT_EQ(moved.reader().getKey().getInt(), 1);
}

template <class T, class Encode>
T throughChunks(std::uint64_t words, Encode encodeInChunks) {
  capnp::MallocMessageBuilder message;
  auto root = message.initRoot<schema::Value>();
  encodeInChunks(root);
  EXPECT_EQ(words, root.asReader().totalSize().wordCount);
  return decode<T>(root.asReader());
}

TEST(ValueTest, LongDataIsCutIntoChunksAndJoined) {
  constexpr std::uint64_t kChunk = 16;
  for (const std::size_t size : {0, 1, 15, 16, 17, 32, 33, 100}) {
    std::string text(size, ' ');
    std::vector<std::uint16_t> numbers(size);
    std::vector<bool> bools(size);
    for (std::size_t i = 0; i < size; ++i) {
      text[i] = static_cast<char>('a' + i % 26);
      numbers[i] = static_cast<std::uint16_t>(i * 700);
      bools[i] = i % 3 == 0;
    }
    const auto bytes = std::as_bytes(std::span(numbers));
    EXPECT_EQ(throughChunks<std::string>(detail::textWords(size, kChunk),
                                         [&](auto root) {
                                           detail::encodeText(text, writerOf(root), kChunk);
                                           EXPECT_EQ(root.isData(), size > kChunk);
                                           if (root.isData()) {
                                             EXPECT_EQ(root.getData().size(), (size + 15) / 16);
                                           }
                                         }),
              text);
    EXPECT_EQ(throughChunks<std::vector<std::uint16_t>>(
                  detail::packedWords(bytes.size(), kChunk),
                  [&](auto root) {
                    detail::encodePacked(detail::NumberType::uint16, bytes, writerOf(root), kChunk);
                  }),
              numbers);
    EXPECT_EQ(throughChunks<std::vector<bool>>(
                  detail::packedWords(size, kChunk),
                  [&](auto root) { detail::encodeBools(bools, writerOf(root), kChunk); }),
              bools);
  }
}

// More than one Cap'n Proto list can hold.
TEST(ValueTest, SixHundredMebibytesTravel) {
  constexpr std::size_t kSize = 600u << 20;
  std::vector<std::byte> bytes(kSize);
  for (std::size_t i = 0; i < kSize; i += 4096) bytes[i] = static_cast<std::byte>(i >> 12);
  capnp::MallocMessageBuilder message(static_cast<capnp::uint>(encodedWords(bytes) + 1));
  auto root = message.initRoot<schema::Value>();
  encode(bytes, root);
  EXPECT_EQ(message.getSegmentsForOutput().size(), 1) << "the size was underestimated";
  EXPECT_TRUE(decode<std::vector<std::byte>>(root.asReader()) == bytes);
}

TEST(ValueTest, StoredOwnsWhatAParameterBorrows) {
  static_assert(std::is_same_v<Stored<const std::vector<int>&>, std::vector<int>>);
  static_assert(std::is_same_v<Stored<std::span<const int>>, std::vector<int>>);
  static_assert(std::is_same_v<Stored<std::span<const int, 3>>, std::array<int, 3>>);
  static_assert(std::is_same_v<Stored<const std::string_view&>, std::string>);
  static_assert(std::is_same_v<Stored<const char(&)[4]>, std::string>);
  static_assert(std::is_same_v<Stored<schema::Entry::Reader>, Message<schema::Entry>>);
  static_assert(std::is_same_v<Stored<void>, void>);
  static_assert(Transferable<Stored<std::span<const std::string>>>);
  static_assert(!Transferable<int*>);
  static_assert(!Transferable<long double>);
  static_assert(!Transferable<std::vector<int*>>);
}

}  // namespace
}  // namespace phial
