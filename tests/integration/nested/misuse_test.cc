// Calls that cannot be.
#include "nested_fixture.h"

namespace phial {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

using NestedMisuseTest = NestedTest;

TEST_F(NestedMisuseTest, AThreadOfTheJobsGetsAClearError) {
  auto& pool = makeParent({.min = 1, .max = 1});
  EXPECT_THAT(valueOf(pool.deferToProcess<nested::callsFromThread>()),
              AllOf(StartsWith("logic_error"), HasSubstr("another thread")));
  EXPECT_THAT(valueOf(pool.deferToProcess<nested::asksFromThread>()),
              AllOf(StartsWith("logic_error"), HasSubstr("another thread")));
}

TEST_F(NestedMisuseTest, ACallThatOutlivesItsJobIsOver) {
  auto& pool = makePool({.min = 1, .max = 1});
  EXPECT_EQ(valueOf(pool.deferToProcess<nested::callsAndKeeps>()), "kept");
  EXPECT_THAT(valueOf(pool.deferToProcess<nested::getsWhatWasKept>()),
              AllOf(StartsWith("logic_error"), HasSubstr("after the end of the job")));
}

TEST_F(NestedMisuseTest, ACallMayBeDroppedOnAnotherThread) {
  auto& pool = makePool({.min = 1, .max = 2});
  EXPECT_EQ(valueOf(pool.deferToProcess<nested::dropsOnThread>()), "8");
}

TEST_F(NestedMisuseTest, GetIsForOnce) {
  auto& pool = makePool({.min = 1, .max = 1});
  EXPECT_THAT(valueOf(pool.deferToProcess<nested::getsTwice>()), HasSubstr("second time"));
}

TEST_F(NestedMisuseTest, AForkedChildGetsAClearErrorAndHarmsNobody) {
  auto& pool = makePool({.min = 1, .max = 1});
  EXPECT_THAT(valueOf(pool.deferToProcess<nested::asksInForkedChild>()),
              AllOf(HasSubstr("in a child that the job forked"), HasSubstr("; 2")));
}

TEST_F(NestedMisuseTest, AMasterIsNoJob) {
  EXPECT_THROW(static_cast<void>(currentJob().call<nested::twice>(1)), std::logic_error);
}

}  // namespace
}  // namespace phial
