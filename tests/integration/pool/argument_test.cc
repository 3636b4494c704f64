// Arguments that do not fit are the failure of their call: nothing is thrown out of it, and nothing
// is changed on the way.
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "pool_fixture.h"

namespace phial {
namespace {

std::uint8_t small(std::uint8_t number) { return number; }
std::uint64_t large(std::uint64_t number) { return number; }
std::string repeat(const std::string& text, std::int8_t times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}
std::optional<int> maybe(std::optional<int> number) { return number; }

// Its copy throws when it is told to.
struct Fragile {
  Fragile() = default;
  explicit Fragile(bool copyThrows) : breaks(copyThrows) {}
  Fragile(const Fragile& other) : breaks(other.breaks) {
    if (breaks) throw std::runtime_error("broken on the way");
  }
  Fragile& operator=(const Fragile&) = default;
  bool breaks = false;
};
bool handle(const Fragile& fragile) { return fragile.breaks; }

}  // namespace

template <>
struct Codec<Fragile> {
  static std::uint64_t words(const Fragile&) { return Codec<bool>::words(true); }
  static void write(const Fragile& value, ValueWriter to) { Codec<bool>::write(value.breaks, to); }
  static Fragile read(ValueReader from) { return Fragile(Codec<bool>::read(from)); }
};

namespace {

class PoolArgumentTest : public PoolTest {
 protected:
  // The refusal arrives from the loop, is an EncodingError, and is in the ledger.
  template <class T>
  std::string refusalOf(Deferred<T> deferred) {
    EXPECT_FALSE(deferred.called()) << "it fired inside the call";
    const Failure failure = failureOf(std::move(deferred));
    EXPECT_TRUE(failure.check<EncodingError>()) << failure.type();
    EXPECT_TRUE(pool_->stats().balanced());
    return failure.message();
  }
};

TEST_F(PoolArgumentTest, AnIntegerThatDoesNotFitFailsItsCall) {
  auto& pool = makePool({.max = 1});
  EXPECT_EQ(valueOf(pool.deferToProcess<small>(255)), 255);
  EXPECT_EQ(refusalOf(pool.deferToProcess<small>(300)),
            "argument 1 of phial::(anonymous namespace)::small is 300, which does not fit its "
            "parameter: that holds 0 to 255");
  EXPECT_THAT(refusalOf(pool.deferToProcess<large>(-1)), ::testing::HasSubstr(" is -1, "));
  EXPECT_THAT(
      refusalOf(pool.deferToProcess<repeat>("x", 128)),
      ::testing::AllOf(::testing::HasSubstr("argument 2 of "), ::testing::HasSubstr(" is 128, ")));
  EXPECT_EQ(pool.stats().submitted, 4U);
  EXPECT_EQ(pool.stats().failed, 3U);
}

TEST_F(PoolArgumentTest, ANullTextFailsItsCall) {
  auto& pool = makePool({.max = 1});
  const char* none = nullptr;
  EXPECT_THAT(refusalOf(pool.deferToProcess<repeat>(none, 1)),
              ::testing::HasSubstr("is a null const char*"));
  EXPECT_THAT(refusalOf(pool.deferToProcess<int>("jobs::add", none)),
              ::testing::HasSubstr("argument 1 of jobs::add is a null const char*"));
  EXPECT_TRUE(failureOf(pool.deferToProcess<int>(none)).check<UnknownFunction>());
}

TEST_F(PoolArgumentTest, AnArgumentWhoseCopyThrowsFailsItsCall) {
  auto& pool = makePool({.max = 1});
  const Fragile fragile(true);
  EXPECT_EQ(refusalOf(pool.deferToProcess<handle>(fragile)),
            "the arguments cannot be written: broken on the way");
  EXPECT_EQ(refusalOf(pool.deferToProcess<bool>("handle", fragile)),
            "the arguments cannot be written: broken on the way");
  EXPECT_FALSE(valueOf(pool.deferToProcess<handle>(Fragile())));
}

TEST_F(PoolArgumentTest, AViewIsTakenForATextAndANumberForAnOptionalOne) {
  auto& pool = makePool({.max = 1});
  EXPECT_EQ(valueOf(pool.deferToProcess<repeat>(std::string_view("ab"), 2)), "abab");
  EXPECT_EQ(valueOf(pool.deferToProcess<maybe>(5)), 5);
  EXPECT_EQ(valueOf(pool.deferToProcess<maybe>(std::nullopt)), std::nullopt);
}

TEST_F(PoolArgumentTest, AnElementThatDoesNotFitFailsTheMapAndSaysWhichItIs) {
  auto& pool = makePool({.max = 1});
  const Failure failure = failureOf(pool.map<small>(std::vector<int>{1, 2, 300}));
  EXPECT_TRUE(failure.check<EncodingError>());
  EXPECT_THAT(failure.message(), ::testing::HasSubstr("is 300, which does not fit"));
  EXPECT_EQ(failure.index(), 2U);
  using Pair = std::pair<std::string_view, int>;
  const Failure pairs = failureOf(pool.map<repeat>(std::vector<Pair>{{"a", 1}, {"b", 200}}));
  EXPECT_THAT(pairs.message(), ::testing::HasSubstr("argument 2 of "));
  EXPECT_EQ(pairs.index(), 1U);
}

TEST_F(PoolArgumentTest, AnElementThatDoesNotFitHasAnOutcomeOfItsOwn) {
  auto& pool = makePool({.max = 1});
  const auto all =
      valueOf(pool.with({.chunk = 2}).mapOutcomes<small>(std::vector<int>{300, 1, 2, -1, 4, 256}));
  ASSERT_EQ(all.size(), 6U);
  for (const std::size_t bad : {0U, 3U, 5U}) {
    EXPECT_TRUE(all[bad].failure().check<EncodingError>()) << bad;
    EXPECT_EQ(all[bad].failure().index(), bad);
  }
  EXPECT_EQ(all[1].value(), 1);
  EXPECT_EQ(all[2].value(), 2);
  EXPECT_EQ(all[4].value(), 4);
}

// Not even the copy of the range is made where it could throw out of the call.
TEST_F(PoolArgumentTest, ARangeWhoseCopyThrowsFailsTheMap) {
  auto& pool = makePool({.max = 1});
  std::vector<Fragile> range(3);
  range[1].breaks = true;
  auto map = pool.map<handle>(range);
  EXPECT_FALSE(map.called()) << "it fired inside the call";
  EXPECT_EQ(failureOf(std::move(map)).message(), "broken on the way");
}

}  // namespace
}  // namespace phial
