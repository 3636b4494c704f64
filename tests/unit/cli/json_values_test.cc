#include "master/cli/json_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

namespace phial::cli {
namespace {

using ::testing::HasSubstr;

// What a function with a parameter of type T gets to see.
template <class T>
T received(const std::string& text) {
  const auto list = parseList("[" + text + "]").list();
  EXPECT_EQ(list.size(), 1U);
  return list.at(0).to<T>();
}

TEST(JsonValuesTest, ArrivesAsWhatTheFunctionTakes) {
  EXPECT_EQ(received<int>("-7"), -7);
  EXPECT_EQ(received<std::uint64_t>("18446744073709551615"), 18446744073709551615U);
  EXPECT_EQ(received<double>("1.5e3"), 1500);
  EXPECT_EQ(received<double>("-2"), -2);
  EXPECT_EQ(received<bool>("true"), true);
  EXPECT_EQ(received<bool>("false"), false);
  EXPECT_EQ(received<std::optional<int>>("null"), std::nullopt);
  EXPECT_EQ(received<std::string>(R"("a \"b\"\n\\")"), "a \"b\"\n\\");
}

TEST(JsonValuesTest, ListsBecomeVectorsAndTuples) {
  EXPECT_EQ(received<std::vector<int>>("[1, 2, 3]"), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(received<std::vector<int>>("[]"), std::vector<int>());
  using Mixed = std::tuple<int, std::string, std::vector<std::string>>;
  EXPECT_EQ(received<Mixed>(R"([1, "two", ["three"]])"), Mixed(1, "two", {"three"}));
}

TEST(JsonValuesTest, ObjectsBecomeMaps) {
  using Map = std::map<std::string, int>;
  EXPECT_EQ(received<Map>(R"({"a": 1, "b": -2})"), (Map{{"a", 1}, {"b", -2}}));
}

TEST(JsonValuesTest, ReadsAListOfArguments) {
  EXPECT_EQ(parseList("[]").list().size(), 0U);
  EXPECT_EQ(parseList(" [ 1 , \"a, b]\" , [2] ] ").list().size(), 3U);
}

std::string complaintAbout(const std::string& text) {
  try {
    parseList(text);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "none";
}

TEST(JsonValuesTest, SaysWhereTextIsNoList) {
  EXPECT_EQ(complaintAbout("7"), "expected a list, such as [7, \"seven\"]");
  EXPECT_THAT(complaintAbout("[1"), HasSubstr("parse error at line 1, column 3"));
  EXPECT_THAT(complaintAbout("[1] 2"), HasSubstr("parse error at line 1, column 5"));
  EXPECT_THAT(complaintAbout("[\"a]"), HasSubstr("missing closing quote"));
  EXPECT_THAT(complaintAbout("[1,]"), HasSubstr("parse error"));
  EXPECT_THAT(complaintAbout("[1x]"), HasSubstr("parse error"));
  EXPECT_THAT(complaintAbout(std::string(100, '[') + std::string(100, ']')),
              HasSubstr("nest too deep"));
}

}  // namespace
}  // namespace phial::cli
