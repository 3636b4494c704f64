#include "master/pool/job_queue.h"

namespace phial::detail {

JobQueue::Place JobQueue::pushBack(std::uint64_t job, int priority) {
  auto& lane = lanes_[priority];
  ++size_;
  return lane.insert(lane.end(), job);
}

JobQueue::Place JobQueue::pushFront(std::uint64_t job, int priority) {
  auto& lane = lanes_[priority];
  ++size_;
  return lane.insert(lane.begin(), job);
}

void JobQueue::remove(Place place, int priority) {
  const auto lane = lanes_.find(priority);
  lane->second.erase(place);
  if (lane->second.empty()) lanes_.erase(lane);
  --size_;
}

}  // namespace phial::detail
