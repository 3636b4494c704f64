#include "master/pool/observers.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
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

using JobCall = void (PoolObserver::*)(const JobReport&);

JobCall callOf(JobEvent::Kind kind) {
  switch (kind) {
    case JobEvent::Kind::queued:
      return &PoolObserver::jobQueued;
    case JobEvent::Kind::dispatched:
      return &PoolObserver::jobDispatched;
    case JobEvent::Kind::takenBack:
      return &PoolObserver::jobTakenBack;
    case JobEvent::Kind::settled:
      return &PoolObserver::jobSettled;
  }
  return nullptr;
}

#if defined(__x86_64__) || defined(__aarch64__)
// What the object's table of virtual functions has for `call`: Itanium C++ ABI, 2.3 and 2.5.
std::uintptr_t functionOf(const PoolObserver& object, JobCall call) {
  struct Pointer {
    std::uintptr_t function;
    std::ptrdiff_t adjustment;
  };
#ifdef __aarch64__
  const std::uintptr_t offset = std::bit_cast<Pointer>(call).function;
#else
  const std::uintptr_t offset = std::bit_cast<Pointer>(call).function - 1;
#endif
  const char* table = nullptr;
  std::memcpy(&table, static_cast<const void*>(&object), sizeof table);
  std::uintptr_t function = 0;
  std::memcpy(&function, table + offset, sizeof function);
  return function;
}

// An observer that does not override a function needs no events for it, which are dear in a burst.
// If in doubt, it overrides.
bool overrides(const PoolObserver& observer, JobCall call) {
  const PoolObserver plain;
  return functionOf(observer, call) != functionOf(plain, call);
}
#else
bool overrides(const PoolObserver&, JobCall) { return true; }
#endif

unsigned wantedBy(const PoolObserver& observer, const BatchObserver* batches) {
  using Kind = JobEvent::Kind;
  unsigned wanted = 0;
  for (const Kind kind : {Kind::queued, Kind::dispatched, Kind::takenBack, Kind::settled}) {
    const bool wants =
        batches != nullptr ? batches->wants(kind) : overrides(observer, callOf(kind));
    if (wants) wanted |= bitOf(kind);
  }
  return wanted;
}

}  // namespace

Watcher::Watcher(std::shared_ptr<PoolObserver> who)
    : observer(std::move(who)),
      batches(dynamic_cast<BatchObserver*>(observer.get())),
      wanted(wantedBy(*observer, batches)),
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
  auto left = std::make_shared<WatcherList>();
  for (const auto& watcher : list_->watchers) {
    if (watcher->observer) left->add(watcher);
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
