#include "master/worker/stderr_excerpt.h"

#include <gmock/gmock.h>

#include <string>

namespace phial::detail {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

void addNumbered(StderrExcerpt& excerpt, const std::string& what, int from, int to) {
  for (int i = from; i <= to; ++i) excerpt.add(what + " " + std::to_string(i));
}

TEST(StderrExcerptTest, FewLinesAreTheLastOnes) {
  StderrExcerpt excerpt;
  addNumbered(excerpt, "line", 1, 3);
  EXPECT_THAT(excerpt.first(), IsEmpty());
  EXPECT_THAT(excerpt.last(), ElementsAre("line 1", "line 2", "line 3"));
  EXPECT_EQ(excerpt.leftOut(), 0U);
}

TEST(StderrExcerptTest, OfManyTheFirstAndTheLastAreKept) {
  StderrExcerpt excerpt;
  addNumbered(excerpt, "line", 1, 100);
  ASSERT_THAT(excerpt.first(), SizeIs(20));
  EXPECT_EQ(excerpt.first().front(), "line 1");
  EXPECT_EQ(excerpt.leftOut(), 60U);
  ASSERT_THAT(excerpt.last(), SizeIs(20));
  EXPECT_EQ(excerpt.last().front(), "line 81");
}

TEST(StderrExcerptTest, NoLineIsQuotedTwice) {
  StderrExcerpt excerpt;
  addNumbered(excerpt, "line", 1, 25);
  ASSERT_THAT(excerpt.first(), SizeIs(5));
  EXPECT_EQ(excerpt.first().back(), "line 5");
  EXPECT_EQ(excerpt.last().front(), "line 6");
  EXPECT_EQ(excerpt.leftOut(), 0U);
}

TEST(StderrExcerptTest, TheFirstLinesAreTheLatestJobs) {
  StderrExcerpt excerpt;
  addNumbered(excerpt, "old", 1, 50);
  excerpt.jobAnswered();
  addNumbered(excerpt, "new", 1, 50);
  EXPECT_EQ(excerpt.first().front(), "new 1");
  EXPECT_EQ(excerpt.leftOut(), 10U);
}

TEST(StderrExcerptTest, ASanitizersReportBeginsAnew) {
  StderrExcerpt excerpt;
  addNumbered(excerpt, "progress", 1, 50);
  excerpt.add("==4711==ERROR: AddressSanitizer: heap-use-after-free on address 0x6020");
  addNumbered(excerpt, "==4711== frame", 1, 60);
  EXPECT_THAT(excerpt.first().front(), StartsWith("==4711==ERROR: AddressSanitizer"));
  EXPECT_EQ(excerpt.last().back(), "==4711== frame 60");
}

TEST(StderrExcerptTest, ALineOfEqualSignsIsNoReport) {
  StderrExcerpt excerpt;
  addNumbered(excerpt, "progress", 1, 50);
  addNumbered(excerpt, "== heading ==", 1, 50);
  EXPECT_EQ(excerpt.first().front(), "progress 1");
}

TEST(StderrExcerptTest, LongLinesTakeNoMoreMemoryThanTheyMay) {
  StderrExcerpt excerpt;
  for (int i = 0; i < 1000; ++i) excerpt.add(std::string(8192, 'x'));
  std::size_t bytes = 0;
  for (const auto& line : excerpt.first()) bytes += line.size();
  EXPECT_LE(bytes, StderrExcerpt::kBytes);
  for (const auto& line : excerpt.last()) bytes += line.size();
  EXPECT_LE(bytes, 2 * StderrExcerpt::kBytes);
  EXPECT_THAT(excerpt.last().back(), SizeIs(StderrExcerpt::kLineBytes + 3));
  EXPECT_EQ(excerpt.leftOut(), 1000 - excerpt.first().size() - excerpt.last().size());
}

}  // namespace
}  // namespace phial::detail
