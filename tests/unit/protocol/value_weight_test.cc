// What is known of values before they are written, read or freed.
#include <gtest/gtest.h>
#include <phial/protocol/value_traits.h>
#include <phial/protocol/value_weight.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace {

struct Plain {
  std::vector<std::string> names;
  std::map<std::string, std::vector<double>> rows;
};
struct Branch {
  int value;
  std::vector<Branch> children;
};
struct Guarded {
  std::string text;
  ~Guarded() {}  // NOLINT: code of the program's
};
struct Counted {
  int count;
  ~Counted() {}  // NOLINT: the same
};
enum class Colour { red, green };
struct Money {
  long cents;
};

}  // namespace

template <>
struct phial::Codec<Money> {
  static std::uint64_t words(const Money&) { return 4; }
  static void write(const Money& money, ValueWriter to) { phial::encode(money.cents, to); }
  static Money read(ValueReader value) { return {phial::decode<long>(value)}; }
};
template <>
struct phial::Codec<std::vector<Colour>> {
  static std::uint64_t words(const std::vector<Colour>&) { return 4; }
  static void write(const std::vector<Colour>&, ValueWriter) {}
  static std::vector<Colour> read(ValueReader) { return {}; }
};

namespace phial::detail {
namespace {

TEST(ValueTraitsTest, TypesOfStdTypesAndNumbersAloneAreKnown) {
  EXPECT_TRUE(kStdAlone<Plain>);
  EXPECT_TRUE(kStdAlone<Branch>);
  EXPECT_TRUE((kStdAlone<std::map<std::string, std::vector<Plain>>>));
  EXPECT_TRUE((kStdAlone<std::variant<int, std::optional<Plain>>>));
  EXPECT_TRUE(kStdAlone<ChunkResult<Plain>>);
}

TEST(ValueTraitsTest, SoAreThoseWithCodeOfTheProgramsWhereverItIs) {
  EXPECT_FALSE(kStdAlone<Money>) << "its codec";
  EXPECT_FALSE(kStdAlone<std::vector<Colour>>) << "its codec";
  EXPECT_FALSE(kStdAlone<Guarded>) << "its destructor";
  EXPECT_FALSE(kStdAlone<Counted>) << "its destructor";
  EXPECT_FALSE((kStdAlone<std::pair<int, std::vector<Guarded>>>));
  EXPECT_FALSE((kStdAlone<std::map<Plain, int>>)) << "how keys compare";
}

TEST(ValueWeightTest, CountsElementsAtEveryDepthAndStopsWhereItIsOver) {
  Weight few(Weight::Of::writing);
  weigh(std::vector<std::vector<int>>(10, std::vector<int>(3)), few);
  EXPECT_EQ(few.units(), 10 * (kElementWeight + 12));
  Weight many(Weight::Of::writing);
  weigh(std::vector<std::vector<std::string>>(100, std::vector<std::string>(100)), many);
  EXPECT_TRUE(many.over());
}

TEST(ValueWeightTest, LongRunsWeighLittleForWhoRefersToThem) {
  const std::vector<std::vector<double>> runs(100, std::vector<double>(100'000));
  Weight writing(Weight::Of::writing);
  weigh(runs, writing);
  EXPECT_FALSE(writing.over());
  Weight freeing(Weight::Of::freeing);
  weigh(runs, freeing);
  EXPECT_TRUE(freeing.over());
}

TEST(ValueWeightTest, WhatIsFreedAsideIsMovedFrom) {
  std::vector<std::string> heavy(100'000);
  freeAside(heavy);
  EXPECT_TRUE(heavy.empty());
  std::vector<std::string> light(10);
  freeAside(light);
  EXPECT_EQ(light.size(), 10u);
  std::vector<Guarded> programs(100'000);
  freeAside(programs);
  EXPECT_EQ(programs.size(), 100'000u);
}

}  // namespace
}  // namespace phial::detail
