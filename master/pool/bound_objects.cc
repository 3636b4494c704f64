#include "master/pool/bound_objects.h"

namespace phial::inline v1::detail {

ObjectBoundary& BoundObjects::of(std::uint64_t worker) {
  if (const auto found = boundaries_.find(worker); found != boundaries_.end()) {
    return found->second;
  }
  const auto changed = [this, worker] { changed_(worker, boundaries_.at(worker).use()); };
  return boundaries_.try_emplace(worker, changed).first->second;
}

void BoundObjects::workerDied(std::uint64_t worker, const Failure& death) {
  const auto found = boundaries_.find(worker);
  if (found == boundaries_.end()) return;
  found->second.end(death);
  boundaries_.erase(found);
}

void BoundObjects::close(const Failure& stopped) {
  for (auto& [worker, boundary] : boundaries_) boundary.end(stopped);
  boundaries_.clear();
}

}  // namespace phial::inline v1::detail
