#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <vector>

#include "master/pool/job_queue.h"
#include "tests/support/lone_job.h"

namespace phial::detail {
namespace {

using ::testing::ElementsAre;

// A queue whose jobs can be named, and taken out in their order to look at it.
class JobQueueTest : public ::testing::Test {
 protected:
  void pushBack(std::uint64_t job, int priority) { queue.pushBack(noted(job, priority), priority); }
  void pushFront(std::uint64_t job, int priority) {
    queue.pushFront(noted(job, priority), priority);
  }
  void remove(std::uint64_t job) { queue.remove(entries_.at(job), priorities_.at(job)); }
  std::uint64_t front() { return queue.front().id(); }
  std::vector<std::uint64_t> takeAll() {
    std::vector<std::uint64_t> order;
    while (!queue.empty()) {
      order.push_back(front());
      remove(front());
    }
    return order;
  }

 private:
  JobEntry& noted(std::uint64_t job, int priority) {
    JobEntry& entry = entries_[job];
    entry.job = makeJob<void>(owner_, job);
    priorities_[job] = priority;
    return entry;
  }

  NotingOwner owner_;
  std::map<std::uint64_t, JobEntry> entries_;
  std::map<std::uint64_t, int> priorities_;

 protected:
  JobQueue queue;
};

TEST_F(JobQueueTest, JobsLeaveInTheOrderTheyCame) {
  EXPECT_TRUE(queue.empty());
  for (std::uint64_t job : {3, 1, 2}) pushBack(job, 0);
  EXPECT_EQ(queue.size(), 3U);
  EXPECT_THAT(takeAll(), ElementsAre(3, 1, 2));
  EXPECT_EQ(queue.size(), 0U);
}

TEST_F(JobQueueTest, HigherPrioritiesComeFirstWhateverTheOrder) {
  pushBack(1, 0);
  pushBack(2, -5);
  pushBack(3, 7);
  pushBack(4, 0);
  pushBack(5, 7);
  EXPECT_THAT(takeAll(), ElementsAre(3, 5, 1, 4, 2));
}

TEST_F(JobQueueTest, AJobThatComesBackStandsBeforeItsEqualsOnly) {
  pushBack(1, 1);
  pushBack(2, 0);
  pushFront(3, 0);
  EXPECT_THAT(takeAll(), ElementsAre(1, 3, 2));
}

TEST_F(JobQueueTest, AJobIsTakenOutWhereverItStands) {
  for (std::uint64_t job : {1, 2, 3, 4}) pushBack(job, 0);
  remove(2);
  remove(1);
  EXPECT_EQ(front(), 3U);
  remove(4);
  EXPECT_THAT(takeAll(), ElementsAre(3));
}

TEST_F(JobQueueTest, APlaceStaysGoodWhileOthersComeAndGo) {
  pushBack(1, 0);
  pushBack(2, 5);
  remove(2);
  pushFront(3, 0);
  remove(1);
  EXPECT_THAT(takeAll(), ElementsAre(3));
}

}  // namespace
}  // namespace phial::detail
