#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <utility>
#include <vector>

#include "master/pool/job_queue.h"

namespace phial::detail {
namespace {

using ::testing::ElementsAre;

// A queue whose jobs can be named, and taken out in their order to look at it.
class JobQueueTest : public ::testing::Test {
 protected:
  void pushBack(std::uint64_t job, int priority) {
    places_[job] = {queue.pushBack(job, priority), priority};
  }
  void pushFront(std::uint64_t job, int priority) {
    places_[job] = {queue.pushFront(job, priority), priority};
  }
  void remove(std::uint64_t job) {
    const auto [place, priority] = places_.at(job);
    queue.remove(place, priority);
  }
  std::vector<std::uint64_t> takeAll() {
    std::vector<std::uint64_t> order;
    while (!queue.empty()) {
      order.push_back(queue.front());
      remove(queue.front());
    }
    return order;
  }

  JobQueue queue;

 private:
  std::map<std::uint64_t, std::pair<JobQueue::Place, int>> places_;
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
  EXPECT_EQ(queue.front(), 3U);
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
