#include <gtest/gtest.h>
#include <phial/master/detail/co_await_safety.h>
#include <phial/master/held.h>
#include <phial/master/pool_options.h>

#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace phial {
namespace {

const char* const kLong = "a text that is long enough to lie on the heap";

TEST(HeldTest, HoldsWhatConvertsToItsType) {
  Held<std::string> none;
  EXPECT_FALSE(none);
  Held<std::string> text = kLong;
  ASSERT_TRUE(text);
  EXPECT_EQ(*text, kLong);
  EXPECT_EQ(text->size(), std::strlen(kLong));
  text = std::string("other");
  EXPECT_EQ(*text, "other");
  const Held<std::function<int(int)>> twice = [](int n) { return 2 * n; };
  EXPECT_EQ((*twice)(21), 42);
}

TEST(HeldTest, ACopyHasItsOwnAndAMovedFromOneHasNone) {
  Held<std::string> text = kLong;
  const Held<std::string> copy = text;
  EXPECT_EQ(*copy, kLong);
  EXPECT_NE(&*copy, &*text);
  const std::string* const value = &*text;
  const Held<std::string> moved = std::move(text);
  EXPECT_EQ(&*moved, value);
  EXPECT_FALSE(text);  // NOLINT: what the test is about
}

// What g++ 12 does to a temporary of a co_await expression.
TEST(HeldTest, ACopyByBytesOwnsNothing) {
  const auto witness = std::make_shared<int>(1);
  using Kept = Held<std::shared_ptr<int>>;
  alignas(Kept) std::byte place[sizeof(Kept)];
  {
    const Kept original = witness;
    std::memcpy(place, static_cast<const void*>(&original), sizeof place);
    const auto& bytes = *reinterpret_cast<Kept*>(place);
    EXPECT_EQ(bytes->get(), witness.get()) << "it can be read while the original lives";
    const Kept copy = bytes;
    EXPECT_EQ(witness.use_count(), 3);
    reinterpret_cast<Kept*>(place)->~Kept();
    EXPECT_EQ(witness.use_count(), 3) << "its destruction frees nothing";
  }
  EXPECT_EQ(witness.use_count(), 1);
}

struct Unsafe {
  JobOptions job = {};
  std::string text;
};

TEST(HeldTest, AnOwningMemberIsFoundHoweverDeepItLies) {
  EXPECT_TRUE(detail::kSafeInCoAwait<JobOptions>);
  EXPECT_TRUE(detail::kSafeInCoAwait<MapOptions>);
  EXPECT_TRUE(detail::kSafeInCoAwait<StopOptions>);
  EXPECT_FALSE(detail::kSafeInCoAwait<Unsafe>);
  EXPECT_FALSE(detail::kSafeInCoAwait<std::optional<std::string>>);
}

}  // namespace
}  // namespace phial
