// What a broken or hostile peer sends ends in an EncodingError that says why.
#include <capnp/message.h>
#include <capnp/serialize.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/protocol/value_capnp.h>

#include <random>

namespace phial {
namespace {

using testing::HasSubstr;

struct Nest {
  int leaf = 0;
  std::vector<Nest> children;
};
struct Pair {
  int a;
  std::string b;
};
enum class Small : std::uint8_t { one = 1 };

/// A message of one value, filled by hand.
class Wire {
 public:
  Wire() : root(message_.initRoot<schema::Value>()) {}

 private:
  capnp::MallocMessageBuilder message_;

 public:
  schema::Value::Builder root;
};

capnp::AnyStruct::Builder rawStruct(Wire& wire) { return schema::Value::Builder(wire.root); }

template <class T>
std::string errorOf(schema::Value::Reader value) {
  try {
    decode<T>(value);
  } catch (const EncodingError& error) {
    return error.what();
  }
  return "no error";
}

template <class T>
std::string errorOf(Wire& wire) {
  return errorOf<T>(wire.root.asReader());
}

template <class T, class V>
std::string errorFrom(const V& value) {
  Wire wire;
  encode(value, wire.root);
  return errorOf<T>(wire);
}

TEST(MalformedValueTest, OtherKindOfValueIsNamed) {
  const std::string text = "text";
  EXPECT_EQ(errorFrom<std::int32_t>(text), "expected a signed 32-bit integer, found text");
  EXPECT_EQ(errorFrom<std::uint8_t>(true), "expected an unsigned 8-bit integer, found a bool");
  EXPECT_EQ(errorFrom<bool>(1), "expected a bool, found the signed integer 1");
  EXPECT_EQ(errorFrom<double>(true), "expected a floating-point number, found a bool");
  EXPECT_EQ(errorFrom<double>((std::uint64_t{1} << 53) + 1),
            "expected a floating-point number, found the unsigned integer 9007199254740993");
  EXPECT_EQ(errorFrom<double>(INT64_MIN),
            "expected a floating-point number, found the signed integer -9223372036854775808");
  EXPECT_EQ(errorFrom<std::string>(1.5), "expected text, found a floating-point number");
  EXPECT_EQ(errorFrom<std::vector<std::byte>>(text), "expected bytes, found text");
  EXPECT_EQ(errorFrom<std::vector<int>>(std::vector<double>{1}),
            "expected packed signed 32-bit integers, found packed 64-bit floating-point numbers");
  EXPECT_EQ(errorFrom<std::vector<std::string>>(std::map<int, int>{}),
            "expected a list, found a map");
  EXPECT_EQ((errorFrom<std::map<int, int>>(std::vector<std::string>{})),
            "expected a map, found a list");
  EXPECT_EQ(errorFrom<std::monostate>(1), "expected nothing, found the signed integer 1");
  EXPECT_EQ(errorFrom<Pair>(1), "expected a list of 2 fields, found the signed integer 1");
  EXPECT_EQ(errorFrom<std::chrono::seconds>(text), "expected a signed 64-bit integer, found text");
  EXPECT_THAT(errorFrom<Message<schema::Entry>>(text), HasSubstr("expected a Cap'n Proto struct"));
  EXPECT_THAT(errorFrom<Message<schema::Entry>>(Message<schema::Packed>()),
              HasSubstr("of type id"));
}

TEST(MalformedValueTest, NumbersOutOfRangeAreRefused) {
  EXPECT_EQ(errorFrom<std::int8_t>(128),
            "expected a signed 8-bit integer (out of range), found the signed integer 128");
  EXPECT_THAT(errorFrom<std::int8_t>(-129), HasSubstr("out of range"));
  EXPECT_THAT(errorFrom<std::uint64_t>(-1), HasSubstr("out of range"));
  EXPECT_THAT(errorFrom<std::int64_t>(UINT64_MAX), HasSubstr("out of range"));
  EXPECT_THAT(errorFrom<std::uint16_t>(65536u), HasSubstr("out of range"));
  EXPECT_THAT(errorFrom<Small>(256), HasSubstr("out of range"));
  EXPECT_THAT(errorFrom<float>(1e39), HasSubstr("out of range"));
}

TEST(MalformedValueTest, EitherSignednessIsAcceptedInRange) {
  EXPECT_EQ(errorFrom<std::int8_t>(127u), "no error");
  EXPECT_EQ(errorFrom<std::uint8_t>(255), "no error");
  EXPECT_EQ(errorFrom<std::uint64_t>(INT64_MAX), "no error");
}

TEST(MalformedValueTest, WrongCountsAreRefused) {
  EXPECT_EQ(errorFrom<Pair>(std::tuple(1)), "expected a list of 2 fields, found 1");
  EXPECT_EQ((errorFrom<std::tuple<int>>(std::tuple(1, 2))),
            "expected a list of 1 members, found 2");
  EXPECT_EQ((errorFrom<std::array<int, 3>>(std::vector{1, 2})),
            "expected a list of 3 elements, found 2");
  EXPECT_EQ((errorFrom<std::array<bool, 3>>(std::vector{true})),
            "expected a list of 3 elements, found 1");
  EXPECT_EQ((errorFrom<std::array<std::string, 1>>(std::vector<std::string>{})),
            "expected a list of 1 elements, found 0");
}

TEST(MalformedValueTest, VariantIndexIsChecked) {
  EXPECT_EQ((errorFrom<std::variant<int, bool>>(std::tuple(2u, true))),
            "expected a variant's index below 2, found 2");
  EXPECT_THAT((errorFrom<std::variant<int, bool>>(std::tuple(UINT64_MAX, true))),
              HasSubstr("index below 2"));
}

TEST(MalformedValueTest, RepeatedKeysAreRefused) {
  EXPECT_EQ(errorFrom<std::set<std::string>>(std::vector<std::string>{"a", "a"}),
            "the same element occurs twice");
  Wire wire;
  auto map = wire.root.initMap(2);
  for (auto entry : map) {
    entry.initKey().setInt(1);
    entry.initValue().setInt(1);
  }
  EXPECT_EQ((errorOf<std::map<int, int>>(wire)), "the same key occurs twice");
  EXPECT_EQ((errorOf<std::unordered_map<int, int>>(wire)), "the same key occurs twice");
}

TEST(MalformedValueTest, PackedCountMustMatchItsChunks) {
  Wire wire;
  auto packed = wire.root.initPacked();
  packed.setType(schema::Number::UINT64);
  packed.initChunks(2).init(0, 8);
  packed.getChunks().init(1, 16);
  for (const std::uint64_t count : {std::uint64_t{0}, std::uint64_t{2}, std::uint64_t{1} << 60,
                                    (std::uint64_t{1} << 61) + 3, UINT64_MAX}) {
    packed.setCount(count);
    EXPECT_THAT(errorOf<std::vector<std::uint64_t>>(wire), HasSubstr("the chunks hold 3"));
  }
  packed.setCount(3);
  EXPECT_EQ(errorOf<std::vector<std::uint64_t>>(wire), "no error");
  packed.getChunks().init(0, 7);
  packed.getChunks().init(1, 17);
  EXPECT_THAT(errorOf<std::vector<std::uint64_t>>(wire),
              HasSubstr("a chunk of 7 bytes is not a whole number of elements"));
}

TEST(MalformedValueTest, PackedBoolsAreZeroOrOne) {
  Wire wire;
  auto packed = wire.root.initPacked();
  packed.setType(schema::Number::BOOL8);
  packed.setCount(1);
  packed.initChunks(1).init(0, 1)[0] = 2;
  EXPECT_EQ(errorOf<std::vector<bool>>(wire), "expected bools of 0 or 1, found 2");
  EXPECT_THAT((errorOf<std::array<bool, 1>>(wire)), HasSubstr("found 2"));
}

// One word of a message can claim 2^29-1 elements of no size.
TEST(MalformedValueTest, ElementsWithoutSizeAreRefused) {
  Wire wire;
  rawStruct(wire).getPointerSection()[0].initAs<capnp::List<capnp::Void>>((1u << 29) - 1);
  // The pointer is there; the tag must say list.
  capnp::MallocMessageBuilder list;
  list.initRoot<schema::Value>().initList(0);
  const auto tag = capnp::AnyStruct::Reader(list.getRoot<schema::Value>().asReader());
  auto data = rawStruct(wire).getDataSection();
  std::copy(tag.getDataSection().begin(), tag.getDataSection().end(), data.begin());
  EXPECT_THAT(errorOf<std::vector<std::optional<int>>>(wire), HasSubstr("take no space"));
  EXPECT_THAT(errorOf<std::vector<std::monostate>>(wire), HasSubstr("take no space"));
  EXPECT_THAT(errorOf<std::vector<bool>>(wire), HasSubstr("take no space"));
}

TEST(MalformedValueTest, UnknownUnionMemberIsNamed) {
  Wire wire;
  auto data = rawStruct(wire).getDataSection();
  wire.root.setBool(true);
  for (auto& byte : data) {
    if (byte == 1) byte = 77;
  }
  EXPECT_THAT(errorOf<int>(wire), HasSubstr("does not know (union member"));
}

// A peer's message that ends before the structure that it promises.
TEST(MalformedValueTest, MessageCutAnywhereIsAnErrorOrTheValue) {
  using Type = std::map<std::string, std::vector<std::optional<std::string>>>;
  const Type value{{"key", {"one", std::nullopt}}, {"other", {}}};
  capnp::MallocMessageBuilder message;
  encode(value, message.initRoot<schema::Value>());
  const auto words = message.getSegmentsForOutput()[0];
  for (std::size_t size = 0; size < words.size(); ++size) {
    const kj::ArrayPtr<const capnp::word> segments[] = {words.slice(0, size)};
    capnp::SegmentArrayMessageReader reader(segments);
    try {
      EXPECT_NE(decode<Type>(reader.getRoot<schema::Value>()), value);
    } catch (const EncodingError&) {
    } catch (const kj::Exception&) {  // no root to decode
      EXPECT_LT(size, 4u);
    }
  }
}

TEST(MalformedValueTest, ReaderLimitsBecomeEncodingErrors) {
  capnp::MallocMessageBuilder message;
  encode(std::vector<std::string>(1000, "text"), message.initRoot<schema::Value>());
  capnp::ReaderOptions options;
  options.traversalLimitInWords = 100;
  capnp::SegmentArrayMessageReader reader(message.getSegmentsForOutput(), options);
  EXPECT_THAT(errorOf<std::vector<std::string>>(reader.getRoot<schema::Value>()),
              HasSubstr("malformed value: "));
}

Nest treeOfDepth(int depth) {
  Nest tree;
  for (int i = 1; i < depth; ++i) {
    Nest parent;
    parent.children.push_back(std::move(tree));
    tree = std::move(parent);
  }
  return tree;
}

TEST(MalformedValueTest, DeepRecursionFailsCleanlyOnBothSides) {
  Wire wire;
  const Nest fits = treeOfDepth(30);
  encode(fits, wire.root);
  EXPECT_NO_THROW(encodedWords(fits));
  const Nest deep = treeOfDepth(1000);
  EXPECT_THROW(encodedWords(deep), EncodingError);
  EXPECT_THROW(encode(deep, wire.root), EncodingError);

  capnp::MallocMessageBuilder message;
  auto value = message.initRoot<schema::Value>();
  for (int i = 0; i < 100'000; ++i) {
    auto list = value.initList(2);
    list[0].setInt(1);
    value = list[1].initList(1)[0];
  }
  capnp::ReaderOptions options;
  options.nestingLimit = 1 << 30;
  options.traversalLimitInWords = UINT64_MAX;
  capnp::SegmentArrayMessageReader reader(message.getSegmentsForOutput(), options);
  EXPECT_EQ(errorOf<Nest>(reader.getRoot<schema::Value>()),
            "the value nests deeper than 64 levels");
  EXPECT_EQ(errorFrom<int>(1), "no error") << "the depth is counted down again after an error";
}

TEST(MalformedValueTest, VariantWithoutValueIsNotSent) {
  struct Thrower {
    operator std::map<int, int>() const { throw 1; }
  };
  std::variant<int, std::map<int, int>> variant;
  EXPECT_ANY_THROW(variant.emplace<1>(Thrower()));
  ASSERT_TRUE(variant.valueless_by_exception());
  Wire wire;
  EXPECT_THROW(encode(variant, wire.root), EncodingError);
}

// Random values, read as any type: a value or an EncodingError, never anything else.
class RandomValue {
 public:
  explicit RandomValue(std::uint32_t seed) : random_(seed) {}

  void fill(schema::Value::Builder value, int depth = 0) {
    switch (upTo(depth > 4 ? 7 : 10)) {
      case 0:
        return value.setVoid();
      case 1:
        return value.setBool(upTo(1) != 0);
      case 2:
        return value.setInt(static_cast<std::int64_t>(upTo(9)) - 3);
      case 3:
        return value.setUint(upTo(3) == 0 ? UINT64_MAX : upTo(3));
      case 4:
        return value.setFloat(upTo(2) == 0 ? 1e300 : 0.5);
      case 5:
        return value.setText("text");
      case 6:
        return fillChunks(value.initData(upTo(3)));
      case 7:
        return fillPacked(value.initPacked());
      case 8: {
        for (auto element : value.initList(upTo(4))) fill(element, depth + 1);
        return;
      }
      case 9: {
        for (auto entry : value.initMap(upTo(3))) {
          fill(entry.initKey(), depth + 1);
          if (upTo(4) != 0) fill(entry.initValue(), depth + 1);
        }
        return;
      }
      default: {
        auto message = value.initMessage();
        message.setTypeId(capnp::typeId<schema::Entry>());
        if (upTo(1) != 0) fill(message.getContent().initAs<schema::Entry>().initKey(), depth + 1);
      }
    }
  }

  std::uint32_t upTo(std::uint32_t most) {
    return std::uniform_int_distribution<std::uint32_t>(0, most)(random_);
  }

 private:
  void fillChunks(capnp::List<capnp::Data>::Builder list) {
    for (capnp::uint i = 0; i < list.size(); ++i) {
      for (auto& byte : list.init(i, upTo(4) * 4)) byte = static_cast<capnp::byte>(upTo(2));
    }
  }
  void fillPacked(schema::Packed::Builder packed) {
    packed.setType(static_cast<schema::Number>(upTo(11)));
    packed.setCount(upTo(8));
    fillChunks(packed.initChunks(upTo(2)));
  }

  std::mt19937 random_;
};

template <class... T>
int decodeAsEach(schema::Value::Reader value) {
  return ((errorOf<T>(value) == "no error" ? 1 : 0) + ...);
}

int decodeAsMany(schema::Value::Reader value) {
  return decodeAsEach<bool, int, std::uint8_t, float, Small, std::string, std::vector<std::byte>,
                      std::vector<int>, std::vector<double>, std::vector<bool>,
                      std::vector<std::string>, std::array<int, 2>, std::array<Pair, 1>,
                      std::optional<std::optional<int>>, Nest, Pair, std::tuple<int, bool>,
                      std::variant<int, std::vector<int>>, std::map<int, std::vector<int>>,
                      std::map<std::string, Nest>, std::unordered_set<int>,
                      std::vector<std::optional<std::variant<bool, int>>>, Message<schema::Entry>>(
      value);
}

// How many values are tried. AddressSanitizer takes thirty times as long, and clang's
// ThreadSanitizer has room for 65,536 calls that an exception has left, some of which it never
// forgets.
#if defined(PHIAL_THREAD_SANITIZER)
constexpr int kValues = 1'000;
#elif defined(PHIAL_ADDRESS_SANITIZER)
constexpr int kValues = 5'000;
#else
constexpr int kValues = 20'000;
#endif

TEST(MalformedValueTest, RandomValuesDecodeOrFailCleanly) {
  RandomValue random(20240607);
  int decoded = 0;
  for (int i = 0; i < kValues; ++i) {
    Wire wire;
    random.fill(wire.root);
    decoded += decodeAsMany(wire.root.asReader());
  }
  EXPECT_GT(decoded, kValues / 20) << "the values are too random to decode";
}

TEST(MalformedValueTest, CorruptedMessagesDecodeOrFailCleanly) {
  RandomValue random(7);
  for (int i = 0; i < kValues / 4; ++i) {
    Wire wire;
    random.fill(wire.root);
    capnp::MallocMessageBuilder copy;
    copy.setRoot(wire.root.asReader());
    auto bytes = capnp::messageToFlatArray(copy.getSegmentsForOutput());
    for (int flips = 0; flips < 4; ++flips) {
      // Behind the segment table and the root pointer.
      const auto bits = static_cast<std::uint32_t>(bytes.asBytes().size() * 8);
      if (bits <= 128) break;
      const std::uint32_t bit = 128 + random.upTo(bits - 129);
      bytes.asBytes()[bit / 8] ^= static_cast<kj::byte>(1u << (bit % 8));
    }
    capnp::FlatArrayMessageReader reader(bytes);
    decodeAsMany(reader.getRoot<schema::Value>());
  }
}

}  // namespace
}  // namespace phial
