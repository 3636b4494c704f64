#include "master/pool/observers.h"

#include <algorithm>
#include <utility>

namespace phial::inline v1 {

Observation::Observation(std::shared_ptr<detail::Watcher> watcher) : watcher_(std::move(watcher)) {}

Observation& Observation::operator=(Observation&& other) noexcept {
  if (this == &other) return *this;
  stop();
  watcher_ = std::move(other.watcher_);
  return *this;
}

bool Observation::active() const { return watcher_ != nullptr; }

void Observation::stop() {
  if (const auto watcher = std::exchange(watcher_, nullptr)) {
    // The observer's destructor is the program's own code, and may even come back here.
    const auto observer = std::exchange(watcher->observer, nullptr);
  }
}

namespace detail {

Observation Observers::add(std::shared_ptr<PoolObserver> observer) {
  auto watcher = std::make_shared<Watcher>(std::move(observer));
  List longer = any() ? *list_ : List();
  longer.push_back(watcher);
  list_ = std::make_shared<const List>(std::move(longer));
  return Observation(std::move(watcher));
}

bool Observers::any() {
  if (!list_) return false;
  const auto gone = [](const auto& watcher) { return watcher->observer == nullptr; };
  if (std::none_of(list_->begin(), list_->end(), gone)) return true;
  List rest = *list_;
  std::erase_if(rest, gone);
  list_ = rest.empty() ? nullptr : std::make_shared<const List>(std::move(rest));
  return list_ != nullptr;
}

void Observers::each(const List& list, const PoolLog& log,
                     const std::function<void(PoolObserver&)>& tell) {
  for (const auto& watcher : list) {
    const auto observer = watcher->observer;
    if (!observer) continue;
    try {
      tell(*observer);
    } catch (...) {
      const Failure failure = Failure::current();
      log.write(
          LogLevel::error, 0,
          oneLine("an observer of the pool threw " + failure.type() + ": " + failure.message()));
    }
  }
}

JobReport reportOf(const Job& job) {
  JobReport report;
  report.id = job.id;
  report.function = job.function().name;
  report.label = job.label();
  report.priority = job.options().priority;
  return report;
}

}  // namespace detail
}  // namespace phial::inline v1
