#include "master/service/function_counts.h"

#include <gtest/gtest.h>
#include <phial/master/errors.h>

#include <string>

namespace phial::detail {
namespace {

void add(FunctionCounts& counts, std::string_view function) {
  JobEvent event;
  event.kind = JobEvent::Kind::settled;
  event.outcome = JobOutcome::succeeded;
  event.function = function;
  counts.add(event);
}

std::uint64_t countOf(const FunctionCounts& counts, const std::string& function) {
  std::uint64_t count = 0;
  for (const auto& row : counts.rows()) {
    if (row.function != function) continue;
    for (const auto outcome : row.counts) count += outcome;
  }
  return count;
}

TEST(FunctionCountsTest, BeyondTheLimitNewNamesAreOther) {
  FunctionCounts counts(2);
  for (const char* name : {"a", "b", "c", "d", "a", "c", "b"}) add(counts, name);
  EXPECT_EQ(counts.rows().size(), 3U);
  EXPECT_EQ(countOf(counts, "a"), 2U);
  EXPECT_EQ(countOf(counts, "b"), 2U);
  EXPECT_EQ(countOf(counts, "other"), 3U);
}

TEST(FunctionCountsTest, AMillionNamesNeedNoMoreRoom) {
  FunctionCounts counts(100);
  for (int i = 0; i < 1'000'000; ++i) add(counts, std::to_string(i));
  EXPECT_EQ(counts.rows().size(), 101U);
  EXPECT_EQ(countOf(counts, "other"), 999'900U);
}

TEST(FunctionCountsTest, AFunctionMayBeCalledOther) {
  FunctionCounts counts(1);
  for (const char* name : {"other", "x", "other"}) add(counts, name);
  EXPECT_EQ(counts.rows().size(), 1U);
  EXPECT_EQ(countOf(counts, "other"), 3U);
}

TEST(FunctionCountsTest, NamesThatLookAlikeShareOneSeries) {
  FunctionCounts counts(10);
  add(counts, "a\xFF");
  add(counts, "a\xFE");
  const std::string longName(300, 'x');
  add(counts, longName + "1");
  add(counts, longName + "2");
  EXPECT_EQ(counts.rows().size(), 2U);
  EXPECT_EQ(countOf(counts, "a\xEF\xBF\xBD"), 2U);
  EXPECT_EQ(countOf(counts, longName.substr(0, 256)), 2U);
}

TEST(FunctionCountsTest, ANameWhoseMemoryWasUsedAnewIsAnother) {
  FunctionCounts counts(10);
  std::string memory = "one";
  add(counts, memory);
  memory.assign("two");
  add(counts, memory);
  EXPECT_EQ(countOf(counts, "one"), 1U);
  EXPECT_EQ(countOf(counts, "two"), 1U);
}

TEST(FunctionCountsTest, TheEmptyNameIsAName) {
  FunctionCounts counts(10);
  add(counts, std::string(300, 'x'));
  add(counts, "");
  EXPECT_EQ(countOf(counts, ""), 1U);
}

TEST(FunctionCountsTest, FailuresAreCountedByKind) {
  FunctionCounts counts(10);
  const Failure full{QueueFull("full")};
  JobEvent event;
  event.kind = JobEvent::Kind::settled;
  event.function = "f";
  event.outcome = JobOutcome::failed;
  event.failure = &full;
  counts.add(event);
  event.outcome = JobOutcome::cancelled;
  event.failure = nullptr;
  counts.add(event);
  for (std::size_t i = 0; i < FunctionCounts::kOutcomes; ++i) {
    const auto name = FunctionCounts::kOutcomeNames[i];
    EXPECT_EQ(counts.rows()[0].counts[i], name == "overloaded" || name == "cancelled" ? 1U : 0U)
        << name;
  }
}

}  // namespace
}  // namespace phial::detail
