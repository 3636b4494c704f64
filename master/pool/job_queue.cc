#include "master/pool/job_queue.h"

namespace phial::inline v1::detail {

void JobQueue::pushBack(JobEntry& entry, int priority) {
  lanes_[priority].push_back(entry);
  ++size_;
}

void JobQueue::pushFront(JobEntry& entry, int priority) {
  lanes_[priority].push_front(entry);
  ++size_;
}

void JobQueue::remove(JobEntry& entry, int priority) {
  const auto lane = lanes_.find(priority);
  lane->second.erase(lane->second.iterator_to(entry));
  if (lane->second.empty()) lanes_.erase(lane);
  --size_;
}

// Jobs that came back from different workers may stand in another order than they were submitted
// in.
std::optional<TimePoint> JobQueue::oldest() const {
  constexpr int kMostLanes = 64;
  constexpr int kMostOfLane = 8;
  std::optional<TimePoint> oldest;
  int lanes = 0;
  for (auto lane = lanes_.begin(); lane != lanes_.end() && lanes < kMostLanes; ++lane, ++lanes) {
    int jobs = 0;
    for (auto job = lane->second.begin(); job != lane->second.end() && jobs < kMostOfLane;
         ++job, ++jobs) {
      if (!oldest || job->queued < *oldest) oldest = job->queued;
    }
  }
  return oldest;
}

}  // namespace phial::inline v1::detail
