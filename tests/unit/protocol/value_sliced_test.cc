// Large values, written and read piece by piece.
#include <capnp/message.h>
#include <gtest/gtest.h>
#include <phial/protocol/value_capnp.h>
#include <phial/protocol/value_sliced.h>
#include <phial/protocol/value_sliced_encode.h>

#include <array>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace {

struct Record {
  std::vector<std::string> names;
  std::map<std::string, std::vector<double>> rows;
  std::optional<std::string> note;
  std::variant<int, std::vector<int>> either;
  bool operator==(const Record&) const = default;
};

struct Tree {
  int value;
  std::vector<Tree> children;
  bool operator==(const Tree&) const = default;
};
Tree nested(int levels) {
  Tree tree{0, {}};
  for (int i = 1; i < levels; ++i) tree = Tree{i, {tree}};
  return tree;
}

struct Cents {
  long count;
  bool operator==(const Cents&) const = default;
};
int centsRead = 0;

}  // namespace

template <>
struct phial::Codec<Cents> {
  static std::uint64_t words(const Cents& cents) { return encodedWords(cents.count); }
  static void write(const Cents& cents, ValueWriter to) { phial::encode(cents.count, to); }
  static Cents read(ValueReader value) {
    ++centsRead;
    return {phial::decode<long>(value)};
  }
};

namespace phial::detail {
namespace {

class SlicedTest : public ::testing::Test {
 protected:
  schema::Value::Builder value() { return message_->getRoot<schema::Value>(); }
  ValueWriter writer() { return writerOf(value()); }
  ValueReader reader() { return readerOf(value().asReader()); }

  static std::size_t run(SlicedWork work, std::size_t cost) {
    SlicedRun run(std::move(work));
    std::size_t pieces = 1;
    while (!run.goOn(cost)) ++pieces;
    run.check();
    return pieces;
  }
  /// Writes and reads in pieces of so much; and expects that others understand each other too.
  template <class T>
  void expectWhole(const T& original, std::size_t cost) {
    run(encodeSliced(original, writer()), cost);
    EXPECT_TRUE(decode<T>(value().asReader()) == original);
    encode(original, value());
    std::optional<T> read;
    run(decodeSliced(read, reader()), cost);
    EXPECT_TRUE(read.has_value() && *read == original);
  }
  template <class T>
  void expectWhole(const T& original) {
    for (const std::size_t cost : {std::size_t{1}, std::size_t{1000}, kPieceBytes}) {
      expectWhole(original, cost);
    }
  }

  // Its destructor may throw, a test's may not.
  const std::unique_ptr<capnp::MallocMessageBuilder> message_ =
      std::make_unique<capnp::MallocMessageBuilder>();
};

TEST_F(SlicedTest, ValuesOfEveryShapeArriveWhole) {
  expectWhole(7);
  expectWhole(std::string());
  expectWhole(std::string(300'000, 'x'));
  expectWhole(std::vector<double>(100'000, 1.5));
  expectWhole(std::vector<unsigned char>(300'000, 7));
  expectWhole(std::vector<std::string>(2000, "text"));
  expectWhole(std::vector<std::vector<std::vector<int>>>(20, {{1}, {}, {2, 3}}));
  expectWhole(std::vector<std::optional<std::string>>{"one", std::nullopt});
  expectWhole(std::vector<bool>(1000, true));
  expectWhole(std::array<std::string, 3>{"a", "b", "c"});
  expectWhole(std::pair<std::string, int>("one", 1));
  expectWhole(std::tuple<std::vector<std::string>, double>({"one", "two"}, 2.5));
  expectWhole(std::set<std::string>{"one", "two"});
  expectWhole(std::map<int, std::string>{{1, "one"}, {2, "two"}});
  expectWhole(std::unordered_map<std::string, std::vector<int>>{{"one", {1}}, {"two", {2}}});
  expectWhole(std::optional<std::optional<std::string>>(std::optional<std::string>()));
  expectWhole(std::variant<int, std::vector<std::string>>(std::vector<std::string>{"one"}));
  expectWhole(Record{{"one", "two"}, {{"row", {1, 2}}}, "note", std::vector<int>{3}});
  expectWhole(nested(10));
  expectWhole(std::vector<Cents>{{1}, {2}});
}

TEST_F(SlicedTest, APieceHasItsShareOfElementsAndNoMore) {
  const std::vector<std::string> texts(10'000, "text");
  const std::size_t share = 10'000 * kElementCost / kPieceBytes;
  EXPECT_NEAR(run(encodeSliced(texts, writer()), kPieceBytes), share, 1);
  std::optional<std::vector<std::string>> read;
  EXPECT_NEAR(run(decodeSliced(read, reader()), kPieceBytes), share, 1);
}

TEST_F(SlicedTest, APieceHasItsShareOfBytesAlsoOfOneString) {
  const std::string text(std::size_t{2} << 20, 'x');
  EXPECT_EQ(run(encodeSliced(text, writer()), kPieceBytes), text.size() / kPieceBytes + 1);
  value().setText(text.c_str());
  std::optional<std::string> read;
  EXPECT_EQ(run(decodeSliced(read, reader()), kPieceBytes), text.size() / kPieceBytes + 1);
}

TEST_F(SlicedTest, AnElementOfTheProgramsIsAPieceOfItsOwn) {
  encode(std::vector<Cents>(10), value());
  std::optional<std::vector<Cents>> read;
  SlicedRun run(decodeSliced(read, reader()));
  for (int i = 1; i <= 10; ++i) {
    centsRead = 0;
    EXPECT_FALSE(run.goOn(kPieceBytes));
    EXPECT_EQ(centsRead, 1);
  }
  EXPECT_TRUE(run.goOn(kPieceBytes));
}

TEST_F(SlicedTest, DroppedHalfWayItHarmsNobody) {
  const std::vector<std::vector<std::string>> texts(100, std::vector<std::string>(100, "text"));
  encode(texts, value());
  std::optional<std::vector<std::vector<std::string>>> read;
  SlicedRun run(decodeSliced(read, reader()));
  EXPECT_FALSE(run.goOn(10 * kElementCost));
}

TEST_F(SlicedTest, WhatNestsTooDeepIsAnErrorAsElsewhere) {
  expectWhole(nested(31), 1);
  EXPECT_THROW(encode(nested(40), value()), EncodingError);
  EXPECT_THROW(run(encodeSliced(nested(40), writer()), 1), EncodingError);
}

TEST_F(SlicedTest, AnotherValueIsAnError) {
  std::optional<std::vector<std::string>> texts;
  encode(7, value());
  EXPECT_THROW(run(decodeSliced(texts, reader()), 1), EncodingError);
  encode(std::vector<int>(3), value());
  EXPECT_THROW(run(decodeSliced(texts, reader()), 1), EncodingError);
  std::optional<std::vector<double>> numbers;
  encode(std::vector<float>(3), value());
  EXPECT_THROW(run(decodeSliced(numbers, reader()), 1), EncodingError);
  std::optional<std::map<std::string, int>> map;
  auto entries = value().initMap(2);
  for (auto entry : entries) {
    entry.initKey().setText("twice");
    entry.initValue().setInt(1);
  }
  EXPECT_THROW(run(decodeSliced(map, reader()), 1), EncodingError);
}

}  // namespace
}  // namespace phial::detail
