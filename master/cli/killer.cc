#include "master/cli/killer.h"

#include <csignal>
#include <utility>

#include "master/cli/census.h"

namespace phial::inline v1::cli {

Killer::Killer(Reactor& reactor, const ProcessPool& pool, Plan plan, Struck struck)
    : reactor_(reactor),
      pool_(pool),
      plan_(std::move(plan)),
      struck_(std::move(struck)),
      random_(plan_.seed) {}

void Killer::schedule() {
  const auto mean = plan_.meanInterval.count();
  std::uniform_int_distribution<std::int64_t> interval(mean / 2, mean + mean / 2);
  next_ = reactor_.callLater(Duration(interval(random_)), [this] { strike(); });
}

std::vector<WorkerStatus> Killer::targets() {
  constexpr std::uint64_t kAnyOneIn = 10;
  const bool anyWillDo = random_() % kAnyOneIn == 0;
  auto workers = pool_.workers();
  std::erase_if(workers, [anyWillDo](const WorkerStatus& worker) {
    const bool starting = worker.state == WorkerState::starting;
    return worker.pid == 0 || worker.state == WorkerState::ending || (starting && !anyWillDo);
  });
  return workers;
}

void Killer::strikeTemplate() {
  if (const auto found = findChild(plan_.templateName)) sent_ += ::kill(*found, SIGKILL) == 0;
  schedule();
}

void Killer::strike() {
  constexpr std::uint64_t kTemplateOneIn = 50;
  if (!plan_.templateName.empty() && random_() % kTemplateOneIn == 0) return strikeTemplate();
  if (const auto all = targets(); !all.empty()) {
    const auto& target = all[random_() % all.size()];
    const int signal = plan_.signals[random_() % plan_.signals.size()];
    if (::kill(target.pid, signal) == 0) {
      ++sent_;
      struck_(target.number, signal);
    }
  }
  schedule();
}

}  // namespace phial::inline v1::cli
