// Calls of jobs to the master.
#include "nested_fixture.h"

namespace phial {
namespace {

using ::testing::HasSubstr;

using ParentTest = NestedTest;

TEST_F(ParentTest, AJobCallsWhatTheMasterExports) {
  auto& pool = makeParent({.min = 1, .max = 2});
  EXPECT_EQ(valueOf(pool.deferToProcess<nested::asksToAdd>(3, 4)), "7");
  EXPECT_EQ(asked_.added, 1);
}

TEST_F(ParentTest, AMethodThatThrowsIsAnExceptionOfTheWait) {
  auto& pool = makeParent({.min = 1, .max = 1});
  const auto text = valueOf(pool.deferToProcess<nested::asksToFail>("out of stock"));
  EXPECT_THAT(text, ::testing::StartsWith("kj::Exception: "));
  EXPECT_THAT(text, HasSubstr("out of stock"));
  EXPECT_EQ(valueOf(pool.deferToProcess<nested::asksToAdd>(1, 1)), "2");
}

TEST_F(ParentTest, AnInterfaceThatIsNotExportedIsATypedError) {
  auto& pool = makeParent({.min = 1, .max = 1});
  EXPECT_EQ(valueOf(pool.deferToProcess<nested::asksOther>()), "NoSuchInterface");
}

TEST_F(ParentTest, SoIsOneOfAMasterThatExportsNothing) {
  auto& pool = makePool({.min = 1, .max = 1});
  EXPECT_EQ(valueOf(pool.deferToProcess<nested::asksToAdd>(3, 4)), "NoSuchInterface");
}

TEST_F(ParentTest, ACapabilityFailsAfterTheEndOfItsJob) {
  auto& pool = makeParent({.min = 1, .max = 1});
  EXPECT_EQ(valueOf(pool.deferToProcess<nested::keepsParent>()), "3");
  EXPECT_THAT(valueOf(pool.deferToProcess<nested::asksKeptParent>()), HasSubstr("has ended"));
  EXPECT_EQ(asked_.added, 1);
}

TEST_F(ParentTest, OtherJobsRunWhileTheOnlyWorkerWaits) {
  auto& pool = makeParent({.min = 1, .max = 1});
  auto waits = pool.deferToProcess<nested::asksAndWaits>();
  runUntil([&] { return asked_.never == 1; });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(valueOf(pool.deferToProcess<nested::twice>(i)), 2 * i);
  asked_.open.front()->fulfill();
  EXPECT_EQ(valueOf(std::move(waits)), "it was answered");
}

TEST_F(ParentTest, AMethodMayRunAJobOfTheSamePool) {
  auto& pool = makeParent({.min = 1, .max = 1});
  EXPECT_EQ(valueOf(pool.deferToProcess<nested::asksForJob>(21)), "42");
}

TEST_F(ParentTest, AWorkerThatIsNotAloneKeepsItsPlace) {
  auto& pool = makeParent({.min = 2, .max = 2});
  valueOf(pool.start());
  const auto path = makeFifo("busy");
  auto busy = pool.deferToProcess<nested::waitForEndOf>(path);
  auto waits = pool.deferToProcess<nested::asksAndWaits>();
  runUntil([&] { return asked_.never == 1 && waiting() == 1; });
  auto queued = pool.deferToProcess<nested::twice>(1);
  passTurns();
  EXPECT_EQ(pool.stats().workers, 2U);
  letGo(path);
  valueOf(std::move(busy));
  EXPECT_EQ(valueOf(std::move(queued)), 2);
  asked_.open.front()->fulfill();
  EXPECT_EQ(valueOf(std::move(waits)), "it was answered");
}

TEST_F(ParentTest, AClientMayBeExportedAndShared) {
  registry::Registry::Client client = kj::heap<RegistryImpl>(asked_);
  auto& pool = makePool({.min = 1, .max = 1, .parent = exportToJobs<registry::Registry>(client)});
  EXPECT_EQ(valueOf(pool.deferToProcess<nested::asksToAdd>(3, 4)), "7");
}

}  // namespace
}  // namespace phial
