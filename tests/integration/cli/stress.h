// Running `phial stress` and reading its report.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <charconv>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/integration/examples/program.h"

inline std::vector<std::string> stressCommand(const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {PHIAL_PROGRAM, "stress"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

inline Ended stress(const std::vector<std::string>& arguments) {
  return runProgram(stressCommand(arguments));
}

/// The number under `key` of a JSON report; a test failure when there is none.
inline std::uint64_t numberIn(const std::string& report, const std::string& key) {
  const std::string before = "\"" + key + "\":";
  const auto at = report.find(before);
  std::uint64_t number = 0;
  const char* const begin = report.data() + at + before.size();
  const bool found =
      at != std::string::npos &&
      std::from_chars(begin, report.data() + report.size(), number).ec == std::errc();
  EXPECT_TRUE(found) << "no " << key << " in: " << report;
  return number;
}

/// The ledger balances and nothing leaked, by the report's own figures and its exit status.
inline void expectProven(const Ended& ended) {
  EXPECT_EQ(ended.status, 0) << ended.out << ended.err;
  EXPECT_THAT(ended.orphans, testing::IsEmpty());
  const auto number = [&](const char* key) { return numberIn(ended.out, key); };
  EXPECT_EQ(number("submitted"), number("succeeded") + number("failed") + number("cancelled"));
  EXPECT_EQ(number("lost"), 0U);
  EXPECT_EQ(number("settledTwice"), 0U);
  EXPECT_EQ(number("zombies"), 0U);
  EXPECT_EQ(number("fdsBefore"), number("fdsAfter"));
  EXPECT_THAT(ended.out, testing::HasSubstr("\"ok\":true"));
}
