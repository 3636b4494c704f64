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

}  // namespace phial::inline v1::detail
