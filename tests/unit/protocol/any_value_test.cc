// Values without C++ types: what goes in comes out, and fits where a typed value fits.
#include <capnp/message.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/protocol/any_value_sliced.h>
#include <phial/protocol/message.h>
#include <phial/protocol/value_capnp.h>

#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace phial {
namespace {

using ::testing::HasSubstr;

AnyValue afterTheTrip(const AnyValue& value) {
  detail::ValueMessage message;
  encode(value, message.writer());
  return decode<AnyValue>(message.reader());
}

AnyValue afterTheTripInPieces(const AnyValue& value) {
  detail::ValueMessage message;
  detail::SlicedRun writing(detail::encodeSliced(value, message.writer()));
  while (!writing.goOn(1)) {
  }
  writing.check();
  std::optional<AnyValue> read;
  detail::SlicedRun reading(detail::decodeSliced(read, message.reader()));
  while (!reading.goOn(1)) {
  }
  reading.check();
  return std::move(*read);
}

std::vector<AnyValue> someOfEach() {
  using Numbers = AnyValue::Numbers;
  return {AnyValue(),
          true,
          -1,
          std::numeric_limits<std::int64_t>::min(),
          1U,
          std::numeric_limits<std::uint64_t>::max(),
          1.5F,
          std::numeric_limits<double>::infinity(),
          "",
          std::string("with \0 and \xff", 12),
          AnyValue::Bytes{std::byte{0}, std::byte{255}},
          AnyValue::List{},
          AnyValue::List{1, "two", AnyValue::List{3.0, AnyValue()}},
          AnyValue::Map{{"a", 1}, {2, AnyValue::Map{{"b", false}}}},
          Numbers(std::vector<std::int8_t>{-128, 127}),
          Numbers(std::vector<std::uint8_t>{0, 255}),
          Numbers(std::vector<std::uint64_t>{1, 2}),
          Numbers(std::vector<float>{1.5F}),
          Numbers(std::vector<double>{}),
          Numbers(std::vector<bool>{true, false, true})};
}

TEST(AnyValueTest, ComesBackAsItWas) {
  for (const auto& value : someOfEach()) {
    EXPECT_EQ(afterTheTrip(value), value) << value.toString();
    EXPECT_EQ(afterTheTripInPieces(value), value) << value.toString();
  }
}

TEST(AnyValueTest, NeedsNoMoreThanItSays) {
  for (const auto& value : someOfEach()) {
    capnp::MallocMessageBuilder message;
    encode(value, message.initRoot<schema::Value>());
    EXPECT_LE(message.sizeInWords(), encodedWords(value) + 1) << value.toString();
  }
}

TEST(AnyValueTest, IsWhatATypedValueTravelsAs) {
  EXPECT_EQ(AnyValue::of(7), AnyValue(7));
  EXPECT_EQ(AnyValue::of(std::optional<int>()), AnyValue());
  EXPECT_EQ(AnyValue::of(std::vector<int>{1, 2}),
            AnyValue(AnyValue::Numbers(std::vector<std::int32_t>{1, 2})));
  EXPECT_EQ(AnyValue::of(std::vector<std::string>{"a"}), AnyValue(AnyValue::List{"a"}));
  EXPECT_EQ(AnyValue::of(std::map<std::string, bool>{{"a", true}}),
            AnyValue(AnyValue::Map{{"a", true}}));
}

TEST(AnyValueTest, FitsWhereItsContentFits) {
  EXPECT_EQ(AnyValue(7).to<std::uint8_t>(), 7);
  EXPECT_EQ(AnyValue(7U).to<double>(), 7.0);
  EXPECT_EQ(AnyValue(AnyValue::List{1, 2}).to<std::vector<int>>(), (std::vector<int>{1, 2}));
  using Pair = std::tuple<int, std::string>;
  EXPECT_EQ((AnyValue(AnyValue::List{1, "b"}).to<Pair>()), Pair(1, "b"));
  EXPECT_THROW(AnyValue(300).to<std::uint8_t>(), EncodingError);
  EXPECT_THROW(AnyValue("7").to<int>(), EncodingError);
}

TEST(AnyValueTest, CanBePartOfATypedValue) {
  const std::map<std::string, AnyValue> mixed{{"a", 1}, {"b", AnyValue::List{"c"}}};
  EXPECT_EQ(AnyValue::of(mixed).to<decltype(mixed)>(), mixed);
  const std::optional<AnyValue> nothing = AnyValue();
  EXPECT_EQ(AnyValue::of(nothing).to<std::optional<AnyValue>>(), nothing);
}

TEST(AnyValueTest, ReadsAsText) {
  EXPECT_EQ(AnyValue().toString(), "null");
  EXPECT_EQ(AnyValue(AnyValue::List{true, -1, 2U, 0.1, "a\"\n"}).toString(),
            "[true,-1,2,0.1,\"a\\\"\\u000a\"]");
  EXPECT_EQ(AnyValue(std::nan("")).toString(), "null");
  EXPECT_EQ(AnyValue(AnyValue::Map{{"a", 1}, {"b", 2}}).toString(), "{\"a\":1,\"b\":2}");
  EXPECT_EQ(AnyValue(AnyValue::Map{{1, "a"}}).toString(), "[[1,\"a\"]]");
  EXPECT_EQ(AnyValue(AnyValue::Bytes{std::byte{0x0f}, std::byte{0xa0}}).toString(), "\"0fa0\"");
  EXPECT_EQ(AnyValue(AnyValue::Numbers(std::vector<bool>{true, false})).toString(), "[true,false]");
  EXPECT_EQ(AnyValue(AnyValue::Numbers(std::vector<std::int8_t>{-1, 65})).toString(), "[-1,65]");
}

TEST(AnyValueTest, RefusesWhatHasNoForm) {
  EXPECT_THROW(AnyValue(static_cast<const char*>(nullptr)), std::invalid_argument);
  AnyValue deep;
  for (int i = 0; i < 100; ++i) deep = AnyValue::List{std::move(deep)};
  EXPECT_THROW(afterTheTrip(deep), EncodingError);
  EXPECT_THROW(deep.toString(), EncodingError);
  detail::ValueMessage shared;
  builderOf(shared.writer()).initShared();
  EXPECT_THAT([&] { decode<AnyValue>(shared.reader()); },
              ::testing::ThrowsMessage<EncodingError>(HasSubstr("without its type")));
}

TEST(AnyValueTest, AClaimedNumberOfEntriesTakesNoMemory) {
  // Many entries of no size: a list pointer that claims what the message does not hold.
  capnp::MallocMessageBuilder message;
  auto root = message.initRoot<schema::Value>();
  root.initPacked().setType(schema::Number::FLOAT64);
  root.getPacked().setCount(std::uint64_t{1} << 60);
  EXPECT_THROW(decode<AnyValue>(root.asReader()), EncodingError);
  root.getPacked().setType(static_cast<schema::Number>(99));
  EXPECT_THROW(decode<AnyValue>(root.asReader()), EncodingError);
}

}  // namespace
}  // namespace phial
