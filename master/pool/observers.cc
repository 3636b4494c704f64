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

namespace {

unsigned wantedBy(const BatchObserver* batches) {
  using Kind = JobEvent::Kind;
  unsigned wanted = 0;
  for (const Kind kind : {Kind::queued, Kind::dispatched, Kind::takenBack, Kind::settled}) {
    if (batches == nullptr || batches->wants(kind)) wanted |= bitOf(kind);
  }
  return wanted;
}

bool isGone(const std::shared_ptr<Watcher>& watcher) { return watcher->observer == nullptr; }

}  // namespace

Watcher::Watcher(std::shared_ptr<PoolObserver> who)
    : observer(std::move(who)),
      batches(dynamic_cast<BatchObserver*>(observer.get())),
      wanted(wantedBy(batches)),
      wantsTimings(batches != nullptr && batches->wantsTimings()) {}

void WatcherList::add(std::shared_ptr<Watcher> watcher) {
  wanted |= watcher->wanted;
  wantsTimings = wantsTimings || watcher->wantsTimings;
  watchers.push_back(std::move(watcher));
}

Observation Observers::add(std::shared_ptr<PoolObserver> observer) {
  auto watcher = std::make_shared<Watcher>(std::move(observer));
  auto longer = any() ? std::make_shared<WatcherList>(*list_) : std::make_shared<WatcherList>();
  longer->add(watcher);
  list_ = std::move(longer);
  return Observation(std::move(watcher));
}

// Leaves out those who have stopped watching.
bool Observers::anyLeft() {
  if (std::ranges::none_of(list_->watchers, isGone)) return true;
  auto left = std::make_shared<WatcherList>();
  for (const auto& watcher : list_->watchers) {
    if (!isGone(watcher)) left->add(watcher);
  }
  if (left->watchers.empty()) {
    list_ = nullptr;
  } else {
    list_ = std::move(left);
  }
  return list_ != nullptr;
}

void Observers::logThrown(const PoolLog& log) {
  const Failure failure = Failure::current();
  log.write(LogLevel::error, 0,
            oneLine("an observer of the pool threw " + failure.type() + ": " + failure.message()));
}

JobReport reportOf(const Job& job) {
  JobReport report;
  report.id = job.id;
  report.function = job.function().name;
  report.label = job.label();
  report.trace = job.trace();
  report.priority = job.options().priority;
  return report;
}

}  // namespace detail
}  // namespace phial::inline v1
