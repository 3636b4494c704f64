#include "master/pool/departures.h"

#include <algorithm>
#include <utility>

namespace phial::detail {

std::vector<Departures::Leaving>::const_iterator Departures::find(
    const WorkerProcess& worker) const {
  return std::find_if(leaving_.begin(), leaving_.end(),
                      [&](const Leaving& leaving) { return leaving.worker == &worker; });
}

void Departures::add(WorkerProcess& worker, Service service) {
  if (!contains(worker)) leaving_.push_back({&worker, service});
}

void Departures::remove(const WorkerProcess& worker) {
  const auto found = find(worker);
  if (found != leaving_.end()) leaving_.erase(found);
}

bool Departures::contains(const WorkerProcess& worker) const {
  return find(worker) != leaving_.end();
}

bool Departures::serviceOver(const WorkerProcess& worker) const {
  const auto found = find(worker);
  return found != leaving_.end() && found->service == Service::over;
}

std::vector<WorkerProcess*> Departures::resumeService() {
  std::vector<WorkerProcess*> back;
  for (Leaving& leaving : leaving_) {
    const bool over = std::exchange(leaving.service, Service::goesOn) == Service::over;
    if (over && leaving.worker->state() == WorkerState::idle) back.push_back(leaving.worker);
  }
  return back;
}

std::size_t Departures::active() const { return leaving_.size() - count(WorkerState::ending); }

std::size_t Departures::count(WorkerState state) const {
  return static_cast<std::size_t>(
      std::count_if(leaving_.begin(), leaving_.end(),
                    [state](const Leaving& leaving) { return leaving.worker->state() == state; }));
}

std::size_t Departures::over() const {
  return static_cast<std::size_t>(
      std::count_if(leaving_.begin(), leaving_.end(),
                    [](const Leaving& leaving) { return leaving.service == Service::over; }));
}

WorkerProcess* Departures::firstToGo() const {
  WorkerProcess* first = nullptr;
  for (const Leaving& leaving : leaving_) {
    if (leaving.worker->state() != WorkerState::idle) continue;
    if (leaving.service == Service::over) return leaving.worker;
    if (first == nullptr) first = leaving.worker;
  }
  return first;
}

}  // namespace phial::detail
