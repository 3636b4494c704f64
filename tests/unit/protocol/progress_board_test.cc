#include "phial/protocol/progress_board.h"

#include <gtest/gtest.h>
#include <phial/protocol/control_page.h>

#include <cstring>
#include <string>
#include <thread>

namespace phial {
namespace {

class ProgressBoardTest : public testing::Test {
 protected:
  ~ProgressBoardTest() noexcept override = default;

  ControlPageMapping page_ = ControlPageMapping::create();
  ProgressBoard& board_ = page_.page().progress;
};

TEST_F(ProgressBoardTest, HoldsNothingBeforeTheFirstReport) {
  EXPECT_FALSE(board_.read().has_value());
  EXPECT_EQ(board_.lastJob(), 0u);
}

TEST_F(ProgressBoardTest, HoldsTheLastReport) {
  board_.post(7, 0.25, "a quarter");
  board_.post(7, 0.5, "a half, with a longer note");
  board_.post(8, 0.75, "");
  const auto report = board_.read();
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->number, 3u);
  EXPECT_EQ(report->job, 8u);
  EXPECT_EQ(report->fraction, 0.75);
  EXPECT_EQ(report->note, "");
  EXPECT_EQ(board_.lastJob(), 8u);
}

TEST_F(ProgressBoardTest, RingsOnlyWhenTheBellIsClear) {
  EXPECT_TRUE(board_.post(1, 0.1, ""));
  EXPECT_FALSE(board_.post(1, 0.2, ""));
  EXPECT_FALSE(board_.post(1, 0.3, ""));
  board_.clearBell();
  EXPECT_TRUE(board_.post(1, 0.4, ""));
}

TEST_F(ProgressBoardTest, ANoteIsCutInFrontOfACharacterThatDoesNotFit) {
  const std::string fits(kMostNoteBytes, 'x');
  board_.post(1, 0, fits);
  EXPECT_EQ(board_.read()->note, fits);
  // The last character but one byte of it would fit.
  board_.post(1, 0, std::string(kMostNoteBytes - 2, 'x') + "\u20ac");
  EXPECT_EQ(board_.read()->note, std::string(kMostNoteBytes - 2, 'x'));
  board_.post(1, 0, fits + "y");
  EXPECT_EQ(board_.read()->note, fits);
}

TEST(CutTextTest, CutsBytesThatAreNoUtf8WhereTheyAre) {
  EXPECT_EQ(cutText("short", 10), "short");
  EXPECT_EQ(cutText("\x80\x80\x80\x80\x80\x80", 5).size(), 5u);
  EXPECT_EQ(cutText("a\xc3\xa4", 2), "a");
  EXPECT_EQ(cutText("\xf0\x9f\x98\x80", 3), "");
}

// What a worker that was killed half way through its third report leaves: the words of the place
// are written, the count is not.
TEST_F(ProgressBoardTest, AReportThatWasNotFinishedLeavesTheOneBefore) {
  board_.post(1, 0.1, "first");
  board_.post(1, 0.2, "second");
  auto* bytes = reinterpret_cast<char*>(&board_);
  auto* first = static_cast<char*>(::memmem(bytes, sizeof board_, "first", 5));
  ASSERT_NE(first, nullptr);
  std::memcpy(first, "third", 5);
  EXPECT_EQ(board_.read()->note, "second");
}

TEST_F(ProgressBoardTest, WhateverIsWrittenThereGivesABoundedReport) {
  std::memset(static_cast<void*>(&board_), 0xff, sizeof board_);
  const auto report = board_.read();
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->note.size(), kMostNoteBytes);
}

TEST_F(ProgressBoardTest, NoReportIsReadTorn) {
  constexpr int kReports = 200'000;
  std::thread writer([this] {
    for (int i = 1; i <= kReports; ++i) {
      const auto size = static_cast<std::size_t>(i) % kMostNoteBytes;
      board_.post(static_cast<std::uint64_t>(i), i,
                  std::string(size, static_cast<char>('a' + i % 26)));
    }
  });
  std::uint64_t last = 0;
  while (last < kReports) {
    const auto report = board_.read();
    if (!report) continue;
    ASSERT_GE(report->number, last);
    last = report->number;
    ASSERT_EQ(report->job, last);
    ASSERT_EQ(report->fraction, static_cast<double>(last));
    ASSERT_EQ(report->note, std::string(last % kMostNoteBytes, static_cast<char>('a' + last % 26)));
  }
  writer.join();
}

}  // namespace
}  // namespace phial
