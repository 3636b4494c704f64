// What the examples' tests ask of every program.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "program.h"

/// Ended well: status 0, nothing on stderr, no child left.
inline void expectSuccess(const Ended& ended) {
  EXPECT_EQ(ended.status, 0) << ended.out << ended.err;
  EXPECT_EQ(ended.err, "");
  EXPECT_THAT(ended.orphans, testing::IsEmpty());
}

/// Ended with `status`, and one line on stderr that says `what`; no child left.
inline void expectRefusal(const Ended& ended, int status, const std::string& what) {
  EXPECT_EQ(ended.status, status) << ended.out;
  EXPECT_THAT(linesOf(ended.err), testing::ElementsAre(testing::HasSubstr(what)));
  EXPECT_THAT(ended.orphans, testing::IsEmpty());
}

/// --help ends with 0 and names every one of `options`.
inline void expectHelp(const std::string& program, const std::vector<std::string>& options) {
  const Ended ended = runProgram({program, "--help"});
  expectSuccess(ended);
  for (const auto& option : options) EXPECT_THAT(ended.out, testing::HasSubstr(option));
}
