#include "master/supervision/worker_process.h"

#include <phial/master/errors.h>

#include <utility>

namespace phial::detail {
WorkerProcess::WorkerProcess(Environment environment, std::uint64_t number)
    : env_(environment), number_(number), spawnedAt_(env_.reactor.now()) {}

WorkerProcess::~WorkerProcess() noexcept {
  startTimer_.cancel();
  takeUpTimer_.cancel();
  graceTimer_.cancel();
  verdictTimer_.cancel();
}

void WorkerProcess::start() {
  try {
    spawn();
  } catch (const std::exception& e) {
    beginEnding(DeathCause::startup, e.what());
    env_.reactor.callSoon([weak = weak_from_this()] {
      if (auto self = weak.lock()) self->die();
    });
    return;
  }
  startTimer_ = env_.clock.callLater(env_.options.startTimeout, [this] { startIsLate(); });
  link_->describe(env_.options.name, number_);
}

void WorkerProcess::startIsLate() {
  const auto giveUp = [this] {
    end(DeathCause::startup, SIGKILL, "it did not answer the handshake in time");
  };
  // Something may have held up the loop while its greeting lay in the pipe.
  if (!link_->readPending()) return giveUp();
  startTimer_ = env_.clock.callLater(env_.options.grace, giveUp);
}

bool WorkerProcess::verdictPending() const {
  if (state_ != WorkerState::ending) return false;
  // Killed for it, and gone in a moment, unless the kernel holds it.
  if (cause_ == DeathCause::startup && graceTimer_.active()) return true;
  const bool gone = exitStatus_ || !process_;
  return gone && cause_ != DeathCause::recycle && cause_ != DeathCause::shutdown;
}

std::uint32_t WorkerProcess::find(FunctionName function) const {
  using Status = FunctionIndex::Status;
  const auto [status, index] = functions_.find(function.name, function.signature);
  if (status == Status::found) return static_cast<std::uint32_t>(index);
  const std::string reason = functions_.explain(function.name, function.signature);
  if (status == Status::wrongSignature) throw EncodingError(reason);
  throw UnknownFunction(reason);
}

void WorkerProcess::run(const Job& job, std::uint32_t function) {
  JobSlot& place = control_->page().slots[job.id % kJobSlots];
  place.offer(job.id);
  link_->run(job, function);
  assignment_ = {job.id, std::string(job.function().name), job.options.label, env_.clock.now(),
                 controlPageNanos()};
  state_ = WorkerState::busy;
  watchTakeUp();
}

WorkerStatus WorkerProcess::status() const {
  return {.number = number_,
          .pid = process_ ? process_->pid() : 0,
          .state = state_,
          .job = assignment_ ? assignment_->id : 0,
          .jobsServed = jobsServed_};
}

// One job at a time: any slot is free.
JobSlot& WorkerProcess::slot() const { return control_->page().slots[assignment_->id % kJobSlots]; }

bool WorkerProcess::jobBegun() const {
  return control_ && assignment_ && slot().claimed(assignment_->id);
}

std::optional<Duration> WorkerProcess::startDelay() const {
  if (!jobBegun()) return std::nullopt;
  const auto started = control_->page().startedNanos.load(std::memory_order_acquire);
  // The page is the worker's to write: a time outside of the job's life is not believed.
  if (started < assignment_->sentNanos || started > controlPageNanos()) return std::nullopt;
  return Duration(started - assignment_->sentNanos);
}

bool WorkerProcess::jobReturned() const {
  const auto phase = control_->page().phase.load(std::memory_order_acquire);
  return jobBegun() && phase != Phase::decoding && phase != Phase::running;
}

bool WorkerProcess::takeBack() {
  if (!slot().withdraw(assignment_->id)) return false;
  assignment_->held = Assignment::Held::byMaster;
  return true;
}

void WorkerProcess::giveUp(DeathCause cause, std::string detail) {
  control_->page().cancelledJob.store(assignment_->id, std::memory_order_relaxed);
  // Asked twice, the first time counts.
  if (graceTimer_.active()) return;
  graceTimer_ =
      env_.clock.callLater(env_.options.grace, [this, cause, detail = std::move(detail)]() mutable {
        end(cause, env_.options.timeoutSignal, std::move(detail));
      });
}

// A worker that does not take up what it was sent hangs as surely as one that never greets, and is
// given as long. One timer a worker, not one a job: it looks at whatever is there when it is due.
void WorkerProcess::watchTakeUp() {
  if (takeUpTimer_.active()) return;
  takeUpTimer_ = env_.clock.callLater(env_.options.startTimeout, [this] { checkTakeUp(); });
}

void WorkerProcess::checkTakeUp() {
  if (state_ != WorkerState::busy || jobBegun()) return;
  const bool young = env_.clock.now() - assignment_->sentAt < env_.options.startTimeout;
  // A large request may be under way for long, as long as the worker reads.
  const auto seen = std::exchange(bytesSent_, link_->bytesSent());
  const bool reading = link_->writePending() && bytesSent_ != seen;
  if (young || reading) return watchTakeUp();
  end(DeathCause::protocol, SIGKILL, "it did not take up the job that it was sent");
}

bool WorkerProcess::beginEnding(DeathCause cause, std::string detail) {
  startTimer_.cancel();
  takeUpTimer_.cancel();
  if (!cause_) {
    cause_ = cause;
    detail_ = std::move(detail);
  }
  if (state_ == WorkerState::ending) return false;
  state_ = WorkerState::ending;
  return true;
}

void WorkerProcess::retire(DeathCause cause) {
  if (!beginEnding(cause, {})) return;
  link_->shutdown();
  killAfterGrace();
}

void WorkerProcess::end(DeathCause cause, int signal, std::string detail) {
  if (dead_) return;
  beginEnding(cause, std::move(detail));
  if (!process_) return;
  process_->killGroup(signal);
  killAfterGrace();
}

void WorkerProcess::killAfterGrace() {
  graceTimer_.cancel();
  graceTimer_ = env_.clock.callLater(env_.options.grace, [this] { process_->killGroup(SIGKILL); });
}

void WorkerProcess::abandon() {
  startTimer_.cancel();
  takeUpTimer_.cancel();
  graceTimer_.cancel();
  verdictTimer_.cancel();
  state_ = WorkerState::ending;
  dead_ = true;
  link_.reset();
  log_.reset();
  process_.reset();
}

}  // namespace phial::detail
