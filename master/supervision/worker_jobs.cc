// A worker's jobs, from the moment they are sent to the moment they are answered or taken back.
#include <algorithm>
#include <utility>

#include "master/supervision/worker_process.h"

namespace phial::detail {

void WorkerProcess::run(std::span<WorkerLink::Outgoing> jobs, Duration expected) {
  const unsigned firstSlot = inFlight_->nextSlot();
  if (!link_->run(jobs, inFlight_->nextNumber(), control_->page(), firstSlot)) return;
  std::vector<InFlight::Job> sent;
  sent.reserve(jobs.size());
  for (const auto& [job, function, words, failure] : jobs) {
    sent.push_back({job->id, function, job->options().label,
                    failure ? InFlight::Held::byMaster : InFlight::Held::byWorker});
  }
  inFlight_->add(std::move(sent), env_.clock.now(), expected);
  state_ = WorkerState::busy;
  watchTakeUp();
}

bool WorkerProcess::hasRoom() const {
  if (state_ == WorkerState::idle) return true;
  return state_ == WorkerState::busy && !inFlight_->full() && !graceTimer_.active();
}

bool WorkerProcess::jobBegun(std::uint64_t job) const {
  const auto place = inFlight_->find(job);
  return place && inFlight_->begun(*place);
}

std::optional<Duration> WorkerProcess::startDelay(std::uint64_t job) const {
  const auto place = inFlight_->find(job);
  if (!place || !inFlight_->begun(*place)) return std::nullopt;
  const ControlPage& page = control_->page();
  if (page.job.load(std::memory_order_acquire) != job) return std::nullopt;
  const auto started = page.startedNanos.load(std::memory_order_acquire);
  const auto sent = inFlight_->batch(*place).sentNanos;
  // The page is the worker's to write: a time outside of the job's life is not believed.
  if (started < sent || started > controlPageNanos()) return std::nullopt;
  return Duration(started - sent);
}

bool WorkerProcess::jobReturned(std::uint64_t job) const {
  const auto place = inFlight_->find(job);
  if (!place || !inFlight_->begun(*place)) return false;
  if (inFlight_->delivered(*place)) return true;
  const ControlPage& page = control_->page();
  if (page.job.load(std::memory_order_acquire) != job) return true;
  const auto phase = page.phase.load(std::memory_order_acquire);
  return phase != Phase::decoding && phase != Phase::running;
}

bool WorkerProcess::takeBack(std::uint64_t job) {
  const auto place = inFlight_->find(job);
  return place && inFlight_->takeBack(*place);
}

void WorkerProcess::giveUp(std::uint64_t job, DeathCause cause, std::string detail) {
  const auto place = inFlight_->find(job);
  if (!place || inFlight_->delivered(*place)) return;  // it has ended
  if (reading_ && reading_->job == job) return reading_->result->stop();
  control_->page().cancelledJob.store(job, std::memory_order_relaxed);
  // Asked twice, the first time counts.
  if (graceTimer_.active()) return;
  gaveUpOn_ = job;
  graceTimer_ =
      env_.clock.callLater(env_.options.grace, [this, cause, detail = std::move(detail)]() mutable {
        end(cause, env_.options.timeoutSignal, std::move(detail));
      });
}

void WorkerProcess::timeOut(std::uint64_t job, std::string detail) {
  if (timedOut_ == 0) timedOut_ = job;
  end(DeathCause::timeout, env_.options.timeoutSignal, std::move(detail));
}

void WorkerProcess::collect() {
  for (std::size_t batch = 0; inFlight_ && batch < inFlight_->batches().size(); ++batch) {
    auto fault = fetchDelivered(batch);
    if (!fault.empty()) return endForNonsense(std::move(fault));
    // The rest of this batch is to be read first.
    if (!inFlight_->allSettled(batch)) return;
  }
}

std::optional<Duration> WorkerProcess::runningFor() const {
  const auto place = inFlight_->running();
  if (!place) return std::nullopt;
  const auto delay = startDelay(inFlight_->job(*place).id);
  if (!delay) return std::nullopt;
  return Duration(controlPageNanos() - inFlight_->batch(*place).sentNanos) - *delay;
}

std::vector<std::uint64_t> WorkerProcess::takeBackLast(std::size_t most) {
  std::vector<std::uint64_t> taken;
  const auto held = inFlight_->all();
  for (auto it = held.rbegin(); it != held.rend() && taken.size() < most; ++it) {
    // Those before one that has begun have begun too.
    if (!takeBack(*it)) break;
    taken.push_back(*it);
  }
  std::reverse(taken.begin(), taken.end());
  return taken;
}

// A worker that does not take up what it was sent hangs as surely as one that never greets, and is
// given as long. One timer a worker, not one a job: it looks at whatever is there when it is due.
void WorkerProcess::watchTakeUp() {
  if (takeUpTimer_.active()) return;
  lastTakeUp_ = takeUp();
  takeUpTimer_ = env_.clock.callLater(env_.options.startTimeout, [this] { checkTakeUp(); });
}

void WorkerProcess::checkTakeUp() {
  if (state_ != WorkerState::busy) return;
  const auto& batch = inFlight_->batches().front();
  const auto seen = std::exchange(lastTakeUp_, takeUp());
  // A large request may be under way for long, as long as the worker reads.
  const bool moving = seen != lastTakeUp_;
  const bool young = env_.clock.now() - batch.sentAt < env_.options.startTimeout;
  // What has begun is for the timeouts of the jobs to end.
  const bool allBegun = lastTakeUp_.begun == batch.jobs.size() && inFlight_->held() > 0;
  const bool atWork = allBegun || inFlight_->running();
  if (atWork || moving || young) return watchTakeUp();
  end(DeathCause::protocol, SIGKILL, "it did not take up the job that it was sent");
}

WorkerProcess::TakeUp WorkerProcess::takeUp() const {
  const auto& batch = inFlight_->batches().front();
  TakeUp now{.batch = batch.number,
             .begun = 0,
             .bytesSent = link_->writePending() ? link_->bytesSent() : 0};
  for (std::size_t i = 0; i < batch.jobs.size(); ++i) now.begun += inFlight_->begun({0, i}) ? 1 : 0;
  return now;
}

}  // namespace phial::detail
