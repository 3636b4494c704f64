#include <gtest/gtest.h>

#include "master/pool/ledger.h"

namespace phial::detail {
namespace {

using Column = Ledger::Column;

std::uint64_t sum(const Ledger& ledger) {
  return ledger[Column::queued] + ledger[Column::running] + ledger[Column::succeeded] +
         ledger[Column::failed] + ledger[Column::cancelled];
}

TEST(LedgerTest, AJobIsInOneColumnAtEachStep) {
  Ledger ledger;
  EXPECT_EQ(ledger.submitted(), 0U);
  ledger.enter(Column::queued);
  Column at = Column::queued;
  for (Column next : {Column::running, Column::queued, Column::running, Column::succeeded}) {
    ledger.move(at, next);
    EXPECT_EQ(ledger[at], 0U);
    EXPECT_EQ(ledger[next], 1U);
    EXPECT_EQ(sum(ledger), 1U);
    at = next;
  }
  EXPECT_EQ(ledger.submitted(), 1U);
}

TEST(LedgerTest, JobsThatAreRefusedCountAsSubmittedAndFailed) {
  Ledger ledger;
  ledger.enter(Column::failed);
  ledger.enter(Column::queued);
  EXPECT_EQ(ledger.submitted(), 2U);
  EXPECT_EQ(ledger[Column::failed], 1U);
  EXPECT_EQ(sum(ledger), 2U);
}

#ifndef NDEBUG
TEST(LedgerDeathTest, NothingMovesOutOfAnEmptyColumn) {
  Ledger ledger;
  ledger.enter(Column::queued);
  EXPECT_DEATH(ledger.move(Column::running, Column::failed), "count");
}
#endif

}  // namespace
}  // namespace phial::detail
