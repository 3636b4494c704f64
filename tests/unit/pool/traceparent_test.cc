#include "master/pool/traceparent.h"

#include <gtest/gtest.h>

#include <string>

namespace phial::detail {
namespace {

constexpr const char* kTrace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

std::string with(std::size_t at, char c) {
  std::string text = kTrace;
  text[at] = c;
  return text;
}

TEST(TraceparentTest, TakesWhatTheStandardAllows) {
  EXPECT_TRUE(isTraceparent(kTrace));
  EXPECT_TRUE(isTraceparent(with(54, '0')));
  EXPECT_TRUE(isTraceparent("cc" + std::string(kTrace).substr(2))) << "a later version";
  EXPECT_TRUE(isTraceparent("01" + std::string(kTrace).substr(2) + "-what-comes-later"));
}

TEST(TraceparentTest, RefusesWhatItDoesNot) {
  EXPECT_FALSE(isTraceparent(""));
  EXPECT_FALSE(isTraceparent("ff" + std::string(kTrace).substr(2))) << "the version ff";
  EXPECT_FALSE(isTraceparent(with(4, 'A'))) << "upper case";
  EXPECT_FALSE(isTraceparent(with(4, 'g')));
  EXPECT_FALSE(isTraceparent(with(2, '_')));
  EXPECT_FALSE(isTraceparent(with(35, '0')));
  EXPECT_FALSE(isTraceparent(with(54, '\0')));
  EXPECT_FALSE(isTraceparent(std::string(kTrace) + "-x")) << "version 00 ends here";
  EXPECT_FALSE(isTraceparent("01" + std::string(kTrace).substr(2) + "x"));
  EXPECT_FALSE(isTraceparent("01" + std::string(kTrace).substr(2) + "-\n"));
  EXPECT_FALSE(isTraceparent(std::string(kTrace).substr(0, 54)));
  EXPECT_FALSE(isTraceparent("00-00000000000000000000000000000000-00f067aa0ba902b7-01"));
  EXPECT_FALSE(isTraceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"));
  EXPECT_FALSE(isTraceparent("01" + std::string(kTrace).substr(2) + "-" + std::string(1000, 'x')));
}

}  // namespace
}  // namespace phial::detail
