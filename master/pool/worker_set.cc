#include "master/pool/worker_set.h"

#include <algorithm>
#include <utility>

namespace phial::detail {

WorkerSet::Pointer WorkerSet::remove(const WorkerProcess& worker) {
  std::erase_if(idle_, [&](const Idle& idle) { return idle.worker == &worker; });
  const auto it = std::find_if(all_.begin(), all_.end(),
                               [&](const Pointer& other) { return other.get() == &worker; });
  if (it == all_.end()) return nullptr;
  Pointer taken = std::move(*it);
  all_.erase(it);
  return taken;
}

bool WorkerSet::anyIdle() {
  std::erase_if(idle_, [](const Idle& idle) { return idle.worker->state() != WorkerState::idle; });
  return !idle_.empty();
}

WorkerProcess& WorkerSet::takeIdle() {
  WorkerProcess& worker = *idle_.back().worker;
  idle_.pop_back();
  return worker;
}

WorkerProcess& WorkerSet::takeOldestIdle() {
  WorkerProcess& worker = oldestIdle();
  idle_.erase(idle_.begin());
  return worker;
}

std::size_t WorkerSet::count(WorkerState state) const {
  return static_cast<std::size_t>(
      std::count_if(all_.begin(), all_.end(),
                    [state](const Pointer& worker) { return worker->state() == state; }));
}

bool WorkerSet::anyVerdictPending() const {
  return std::any_of(all_.begin(), all_.end(),
                     [](const Pointer& worker) { return worker->verdictPending(); });
}

std::size_t WorkerSet::active() const { return size() - count(WorkerState::ending); }

std::vector<WorkerSet::Pointer> WorkerSet::clear() {
  idle_.clear();
  return std::exchange(all_, {});
}

}  // namespace phial::detail
