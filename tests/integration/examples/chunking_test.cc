#include <map>
#include <sstream>

#include "expectations.h"

namespace {

struct ChunkingRow {
  double ms = 0;
  std::size_t beats = 0;
  double medianMs = 0;
  double worstMs = 0;
  std::uint64_t primes = 0;
};

Ended chunking(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), CHUNKING_PROGRAM);
  return runProgram(arguments);
}

std::map<std::string, ChunkingRow> rowsOf(const Ended& ended) {
  std::map<std::string, ChunkingRow> rows;
  const auto lines = linesOf(ended.out);
  for (std::size_t i = 1; i < lines.size(); ++i) {  // behind the heading
    std::istringstream words(lines[i]);
    std::string way;
    std::string unit;
    ChunkingRow row;
    words >> way >> row.ms >> unit >> row.beats >> unit >> row.medianMs >> unit >> row.worstMs >>
        unit >> row.primes >> unit;
    EXPECT_TRUE(words) << lines[i];
    rows[way] = row;
  }
  return rows;
}

// What cannot depend on how busy the machine is. A beat is due every 5 ms, so inline the loop
// misses one that was due in the first 5 ms.
TEST(ChunkingTest, OnlyInlineStopsTheHeartbeat) {
  const Ended ended = chunking({"--limit", "400000"});
  expectSuccess(ended);
  auto rows = rowsOf(ended);
  ASSERT_EQ(rows.size(), 4U) << ended.out;
  for (const auto& [way, row] : rows) EXPECT_EQ(row.primes, 33860U) << way;
  EXPECT_EQ(rows["inline"].beats, 0U) << ended.out;
  EXPECT_GE(rows["inline"].worstMs, rows["inline"].ms - 5.2) << ended.out;
  EXPECT_GE(rows["cooperative"].beats, 1U) << ended.out;
}

TEST(ChunkingTest, HelpNamesTheOptions) { expectHelp(CHUNKING_PROGRAM, {"--limit"}); }

TEST(ChunkingTest, RefusesWrongArguments) {
  expectRefusal(chunking({"--limit", "999"}), 2, "--limit");
  expectRefusal(chunking({"--limit", "many"}), 2, "--limit");
  expectRefusal(chunking({"inline"}), 2, "inline");
}

}  // namespace
