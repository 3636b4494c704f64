#include "master/worker/worker_page.h"

#include <phial/protocol/result_memory.h>

#include <utility>

#include "master/worker/trace_reader.h"

namespace phial::inline v1::detail {

bool WorkerPage::begun(std::uint64_t job) const {
  const auto place = jobs_.find(job);
  return place && begun(*place);
}

bool WorkerPage::takeBack(Place place) {
  if (!slot(place).withdraw(jobs_.job(place).id)) return false;
  jobs_.settle(place, InFlight::Held::byPool);
  return true;
}

std::optional<kj::ArrayPtr<const capnp::word>> WorkerPage::fetch(Place place) {
  if (!fetchResult(mapping_.results(), jobs_.slotNumber(place), fetched_)) return std::nullopt;
  return kj::arrayPtr(reinterpret_cast<const capnp::word*>(fetched_.data()), fetched_.size());
}

std::optional<WorkerPage::Place> WorkerPage::running() const {
  const auto isRunning = [this](Place place) { return begun(place) && !delivered(place); };
  const auto named = jobs_.find(this->named());
  if (named && isRunning(*named)) return named;
  // It has taken one up, and has yet to name it.
  return jobs_.firstHeld(isRunning);
}

std::optional<WorkerPage::Place> WorkerPage::firstWaiting() const {
  return jobs_.firstHeld([this](Place place) { return !begun(place); });
}

std::optional<WorkerPage::Place> WorkerPage::blamed() const {
  if (const auto ran = running()) return ran;
  return firstWaiting();
}

std::size_t WorkerPage::begunOfOldest() const {
  const std::size_t jobs = jobs_.batches().front().jobs.size();
  std::size_t count = 0;
  for (std::size_t i = 0; i < jobs; ++i) count += begun(Place{0, i}) ? 1 : 0;
  return count;
}

WorkerPage::Stage WorkerPage::stageOf(std::uint64_t job) const {
  const auto place = jobs_.find(job);
  if (!place || delivered(*place) || passed(*place)) return Stage::over;
  return returned(job) ? Stage::returned : Stage::running;
}

WorkerPage::Stage WorkerPage::stageOf(std::uint64_t job, std::uint64_t element) const {
  const auto stage = stageOf(job);
  if (element == 0 || stage != Stage::running) return stage;
  return page().element.load(std::memory_order_acquire) == element ? stage : Stage::over;
}

bool WorkerPage::returned(std::uint64_t job) const {
  const auto place = jobs_.find(job);
  if (!place || !begun(*place)) return false;
  if (delivered(*place)) return true;
  if (named() != job) return true;
  const auto phase = page().phase.load(std::memory_order_acquire);
  return phase != Phase::decoding && phase != Phase::running;
}

// The time from the sending of a job to `started`; nothing for a time outside of the job's life.
std::optional<Duration> WorkerPage::believedDelay(std::int64_t started, Place place) const {
  const auto sent = jobs_.batch(place).sentNanos;
  if (started < sent || started > controlPageNanos()) return std::nullopt;
  return Duration(started - sent);
}

// The place of a job that the worker has begun and names as its latest.
std::optional<WorkerPage::Place> WorkerPage::latest(std::uint64_t job) const {
  const auto place = jobs_.find(job);
  if (!place || !begun(*place) || named() != job) return std::nullopt;
  return place;
}

std::optional<Duration> WorkerPage::startDelay(std::uint64_t job) const {
  const auto place = latest(job);
  if (!place) return std::nullopt;
  return believedDelay(page().startedNanos.load(std::memory_order_acquire), *place);
}

std::optional<WorkerPage::AtElement> WorkerPage::atElement(std::uint64_t job) const {
  const auto place = latest(job);
  if (!place) return std::nullopt;
  // The worker stores them in the other order: the start is that of this element, or of a later
  // one.
  const auto number = page().element.load(std::memory_order_acquire);
  const auto started = page().elementStartedNanos.load(std::memory_order_acquire);
  const auto delay = believedDelay(started, *place);
  if (number == 0 || !delay) return std::nullopt;
  return AtElement{number, *delay};
}

std::optional<Duration> WorkerPage::runningFor() const {
  const auto place = running();
  if (!place) return std::nullopt;
  const auto delay = startDelay(jobs_.job(*place).id);
  if (!delay) return std::nullopt;
  return Duration(controlPageNanos() - jobs_.batch(*place).sentNanos) - *delay;
}

bool WorkerPage::cancelRaised(std::uint64_t job) const {
  if (page().cancelledJob.load(std::memory_order_relaxed) != job) return false;
  const auto element = page().cancelledElement.load(std::memory_order_relaxed);
  return element == 0 || element == page().element.load(std::memory_order_relaxed);
}

void WorkerPage::raiseCancel(std::uint64_t job, std::uint64_t element) {
  page().cancelledElement.store(element, std::memory_order_relaxed);
  // In one order with the look at whether it sleeps in emit(): see item_ring.h.
  page().cancelledJob.store(job);
}

std::optional<WorkerPage::Report> WorkerPage::takeReport() {
  ProgressBoard& board = page().progress;
  board.clearBell();
  auto report = board.read();
  const auto place = report ? jobs_.find(report->job) : std::nullopt;
  if (!place || !begun(*place)) return std::nullopt;
  return Report{*place, std::move(*report)};
}

WorkerPage::Refusal WorkerPage::refusal() const {
  const auto refused = page().refusedJob.load(std::memory_order_acquire);
  const auto job = blamed();
  if (job && refused == jobs_.job(*job).id) return Refusal::toTheJob;
  if (job && begun(*job)) return Refusal::none;
  if (job && refused == kRefusedToMessage) return Refusal::toItsMessage;
  return refused == kRefusedBetweenJobs ? Refusal::betweenJobs : Refusal::none;
}

std::optional<int> WorkerPage::lostDescriptor() const {
  const auto lost = page().lostDescriptor.load(std::memory_order_acquire);
  if (lost == 0) return std::nullopt;
  return static_cast<int>(lost) - 1;
}

std::optional<std::uint32_t> WorkerPage::attest(DeathCertificate& death) const {
  death.phase = page().phase.load(std::memory_order_acquire);
  death.traceback = readTrace(mapping_.trace());
  const auto place = blamed();
  if (!place) return std::nullopt;
  const auto& job = jobs_.job(*place);
  death.job = job.id;
  death.label = job.label;
  // A job whose message cannot be received would kill the next worker as well.
  if (refusal() == Refusal::toItsMessage) death.begun = DeathCertificate::Begun::yes;
  if (begun(*place)) {
    death.begun = DeathCertificate::Begun::yes;
    const auto report = page().progress.read();
    if (report && report->job == job.id && report->fraction > 0 && report->fraction <= 1) {
      death.progress = report->fraction;
    }
    const auto element = page().element.load(std::memory_order_acquire);
    if (element > 0) death.element = element - 1;
  }
  return job.function;
}

}  // namespace phial::inline v1::detail
