#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/protocol/argument_conversion.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace phial::detail {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Base {
  int a = 0;
};
struct Derived : Base {
  int b = 0;
};
enum class Color { red };
enum Weekday { monday = 1, sunday = 300 };
struct Price {
  operator double() const { return 3.7; }  // NOLINT: what the test is about
};
struct Count {
  operator std::int64_t() const { return 7; }  // NOLINT
};
struct Unique {
  std::unique_ptr<int> held;
};

constexpr ArgumentPlace kPlace{"render", 2};

template <class P, class A>
std::string whyNot(A&& argument) {
  try {
    (void)convertArgument<P>(kPlace, std::forward<A>(argument));
    return "it fits";
  } catch (const EncodingError& error) {
    return error.what();
  }
}

TEST(ArgumentConversionTest, WhatAPlainCallTakesIsTaken) {
  EXPECT_EQ((misfitOf<int, std::uint8_t>()), Misfit::none);
  EXPECT_EQ((misfitOf<int, double>()), Misfit::none);
  EXPECT_EQ((misfitOf<const char(&)[2], const std::string&>()), Misfit::none);
  EXPECT_EQ((misfitOf<std::string, std::string_view>()), Misfit::none);
  EXPECT_EQ((misfitOf<const char(&)[2], const char*>()), Misfit::none);
  EXPECT_EQ((misfitOf<std::vector<int>&, std::span<const int>>()), Misfit::none);
  EXPECT_EQ((misfitOf<int(&)[3], std::span<const int>>()), Misfit::none);
  EXPECT_EQ((misfitOf<int, std::optional<int>>()), Misfit::none);
  EXPECT_EQ((misfitOf<std::nullopt_t, std::optional<int>>()), Misfit::none);
  EXPECT_EQ((misfitOf<std::pair<int, const char*>, std::pair<long, std::string>>()), Misfit::none);
  EXPECT_EQ((misfitOf<std::chrono::seconds, std::chrono::milliseconds>()), Misfit::none);
  EXPECT_EQ((misfitOf<Weekday, int>()), Misfit::none);
  EXPECT_EQ((misfitOf<Base&, const Base&>()), Misfit::none);
  EXPECT_EQ((misfitOf<std::vector<bool>::reference, bool>()), Misfit::none);
  EXPECT_EQ((misfitOf<Count, std::int64_t>()), Misfit::none);
}

TEST(ArgumentConversionTest, ATextViewAndASharedValueAreTakenBesides) {
  EXPECT_EQ((misfitOf<std::string_view, std::string>()), Misfit::none);
  EXPECT_EQ((misfitOf<std::shared_ptr<const std::vector<int>>, std::span<const int>>()),
            Misfit::none);
  EXPECT_EQ((misfitOf<std::shared_ptr<std::string>&, const std::string&>()), Misfit::none);
}

TEST(ArgumentConversionTest, WhatAPlainCallRefusesIsRefused) {
  EXPECT_EQ((misfitOf<const char(&)[2], std::uint64_t>()), Misfit::otherType);
  EXPECT_EQ((misfitOf<int*, std::uint64_t>()), Misfit::otherType);
  EXPECT_EQ((misfitOf<const char*, std::uint64_t>()), Misfit::otherType);
  EXPECT_EQ((misfitOf<int, std::vector<int>>()), Misfit::otherType);
  EXPECT_EQ((misfitOf<int, Color>()), Misfit::otherType);
  EXPECT_EQ((misfitOf<Color, int>()), Misfit::otherType);
  EXPECT_EQ((misfitOf<int, std::chrono::milliseconds>()), Misfit::otherType);
  EXPECT_EQ((misfitOf<int, std::string>()), Misfit::otherType);
  EXPECT_EQ((misfitOf<std::list<int>, std::vector<int>>()), Misfit::otherType);
}

TEST(ArgumentConversionTest, WhatChangesTheValueIsRefusedThoughAPlainCallTakesIt) {
  EXPECT_EQ((misfitOf<double, int>()), Misfit::floatForInteger);
  EXPECT_EQ((misfitOf<float, bool>()), Misfit::floatForInteger);
  EXPECT_EQ((misfitOf<const char(&)[2], bool>()), Misfit::pointerForBool);
  EXPECT_EQ((misfitOf<std::nullptr_t, std::string>()), Misfit::nullPointer);
  EXPECT_EQ((misfitOf<std::nullptr_t, const char*>()), Misfit::nullPointer);
  EXPECT_EQ((misfitOf<Derived, const Base&>()), Misfit::derivedForBase);
  EXPECT_EQ((misfitOf<int&, int&>()), Misfit::nonConstReference);
  EXPECT_EQ((misfitOf<Price, int>()), Misfit::innerNumber);
  EXPECT_EQ((misfitOf<Count, std::uint8_t>()), Misfit::innerNumber);
  EXPECT_EQ((misfitOf<Unique&, const Unique&>()), Misfit::onlyMoves);
}

TEST(ArgumentConversionTest, ANumberInsideAnotherValueHasToFitByItsType) {
  EXPECT_EQ((misfitOf<int, std::optional<std::uint8_t>>()), Misfit::innerNumber);
  EXPECT_EQ((misfitOf<double, std::optional<int>>()), Misfit::innerNumber);
  EXPECT_EQ((misfitOf<std::optional<int>, std::optional<std::uint8_t>>()), Misfit::innerNumber);
  EXPECT_EQ((misfitOf<std::pair<int, int>, std::pair<std::uint8_t, int>>()), Misfit::innerNumber);
  EXPECT_EQ((misfitOf<std::tuple<double>, std::tuple<int>>()), Misfit::innerNumber);
  EXPECT_EQ((misfitOf<std::pair<int, int>, std::tuple<int, std::int8_t>>()), Misfit::innerNumber);
  EXPECT_EQ(
      (misfitOf<std::pair<std::optional<int>, int>, std::pair<std::optional<std::int8_t>, int>>()),
      Misfit::innerNumber);
  EXPECT_EQ((misfitOf<const char*, std::optional<bool>>()), Misfit::innerNumber);
  EXPECT_EQ((misfitOf<Derived, std::optional<Base>>()), Misfit::innerNumber);
  EXPECT_EQ((misfitOf<std::chrono::seconds, std::chrono::duration<std::int16_t>>()),
            Misfit::innerNumber);
  EXPECT_EQ((misfitOf<int, std::variant<std::int8_t, std::string>>()), Misfit::otherType);
}

TEST(ArgumentConversionTest, AnIntegerThatFitsArrivesAsItIs) {
  EXPECT_EQ(convertArgument<std::uint8_t>(kPlace, 255), 255);
  EXPECT_EQ(convertArgument<std::int8_t>(kPlace, -128L), -128);
  EXPECT_EQ(convertArgument<std::uint64_t>(kPlace, std::int64_t{7}), 7U);
  EXPECT_EQ(convertArgument<char>(kPlace, 65), 'A');
  EXPECT_EQ(convertArgument<bool>(kPlace, 1), true);
  EXPECT_EQ(convertArgument<int>(kPlace, monday), 1);
}

TEST(ArgumentConversionTest, AnIntegerThatDoesNotFitIsNamedWithItsValue) {
  EXPECT_EQ(
      whyNot<std::int8_t>(300),
      "argument 2 of render is 300, which does not fit its parameter: that holds -128 to 127");
  EXPECT_THAT(whyNot<std::uint64_t>(-1), HasSubstr("is -1, which does not fit"));
  EXPECT_THAT(whyNot<int>(5'000'000'000), HasSubstr("is 5000000000, which does not fit"));
  EXPECT_THAT(whyNot<std::int64_t>(std::numeric_limits<std::uint64_t>::max()),
              HasSubstr("is 18446744073709551615, which does not fit"));
  EXPECT_THAT(whyNot<bool>(5), HasSubstr("is 5, which does not fit"));
  EXPECT_THAT(whyNot<std::uint8_t>(sunday), HasSubstr("is 300, which does not fit"));
}

TEST(ArgumentConversionTest, ANullTextIsAnError) {
  const char* none = nullptr;
  EXPECT_EQ(whyNot<std::string>(none),
            "argument 2 of render is a null const char*, which is no text");
  EXPECT_EQ(whyNot<const char*>(none),
            "argument 2 of render is a null const char*, which is no text");
  EXPECT_EQ(whyNot<std::string_view>(none),
            "argument 2 of render is a null const char*, which is no text");
}

TEST(ArgumentConversionTest, WhatOnlyBorrowsIsOwned) {
  const std::string_view view = "text";
  EXPECT_EQ(convertArgument<const std::string&>(kPlace, view), "text");
  EXPECT_EQ(convertArgument<std::string_view>(kPlace, "text"), "text");
  std::vector<int> numbers{1, 2, 3};
  EXPECT_THAT(convertArgument<std::span<const int>>(kPlace, numbers), ElementsAre(1, 2, 3));
  const std::span<const int, 3> three(numbers.data(), 3);
  EXPECT_THAT((convertArgument<std::span<const int, 3>>(kPlace, three)), ElementsAre(1, 2, 3));
}

}  // namespace
}  // namespace phial::detail
