// The new-handler is called as operator new would call it; nothing here runs out of memory.
#include "worker/refused_memory.h"

#include <gtest/gtest.h>

#include <new>
#include <optional>

namespace phial::detail {
namespace {

int freed = 0;
void makeRoom() { ++freed; }
void giveUp() { throw std::bad_alloc(); }

class RefusedMemoryTest : public testing::Test {
 protected:
  ~RefusedMemoryTest() noexcept override {
    refused_.reset();
    std::set_new_handler(before_);
  }

  RefusedMemory& watchOver(std::new_handler users) {
    std::set_new_handler(users);
    return refused_.emplace(mapping_.page());
  }
  static void refuse() { std::get_new_handler()(); }
  std::uint64_t note() const { return mapping_.page().refusedJob; }

  const std::new_handler before_ = std::get_new_handler();
  const ControlPageMapping mapping_ = ControlPageMapping::create();
  std::optional<RefusedMemory> refused_;
};

TEST_F(RefusedMemoryTest, ARefusalIsNotedForTheJobAndStaysABadAlloc) {
  auto& refused = watchOver(nullptr);
  refused.during(7);
  EXPECT_EQ(note(), 0U);
  EXPECT_THROW(refuse(), std::bad_alloc);
  EXPECT_EQ(note(), 7U);
}

TEST_F(RefusedMemoryTest, EachJobBeginsWithoutANote) {
  auto& refused = watchOver(nullptr);
  refused.during(7);
  EXPECT_THROW(refuse(), std::bad_alloc);
  refused.during(8);
  EXPECT_EQ(note(), 0U);
}

TEST_F(RefusedMemoryTest, BetweenJobsItIsNobodysYet) {
  auto& refused = watchOver(nullptr);
  EXPECT_THROW(refuse(), std::bad_alloc);
  EXPECT_EQ(note(), kRefusedBetweenJobs);
  refused.during(7);
  refused.betweenJobs();
  refused.toMessage();
  EXPECT_EQ(note(), kRefusedToMessage);
}

TEST_F(RefusedMemoryTest, AHandlerOfTheUsersIsAskedAndARoomMadeIsNoRefusal) {
  auto& refused = watchOver(&makeRoom);
  refused.during(7);
  freed = 0;
  refuse();
  EXPECT_EQ(freed, 1);
  EXPECT_EQ(note(), 0U);
}

TEST_F(RefusedMemoryTest, AHandlerThatGivesUpLeavesTheNote) {
  auto& refused = watchOver(&giveUp);
  refused.during(7);
  EXPECT_THROW(refuse(), std::bad_alloc);
  EXPECT_EQ(note(), 7U);
}

TEST_F(RefusedMemoryTest, AHandlerThatAJobInstallsStays) {
  auto& refused = watchOver(nullptr);
  refused.during(7);
  std::set_new_handler(&makeRoom);
  refused.betweenJobs();
  refused.during(8);
  EXPECT_EQ(std::get_new_handler(), &makeRoom);
  refused_.reset();
  EXPECT_EQ(std::get_new_handler(), &makeRoom);
}

TEST_F(RefusedMemoryTest, TheFormerHandlerIsPutBack) {
  watchOver(&makeRoom);
  EXPECT_NE(std::get_new_handler(), &makeRoom);
  refused_.reset();
  EXPECT_EQ(std::get_new_handler(), &makeRoom);
}

}  // namespace
}  // namespace phial::detail
