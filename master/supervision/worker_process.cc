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
  link_->describe(env_.options.name, number_, env_.options.spin);
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

WorkerStatus WorkerProcess::status() const {
  const auto job = inFlight_ ? blamed() : std::nullopt;
  return {.number = number_,
          .pid = process_ ? process_->pid() : 0,
          .state = state_,
          .job = job ? inFlight_->job(*job).id : 0,
          .jobsServed = jobsServed_};
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
  reading_.reset();
  link_.reset();
  log_.reset();
  process_.reset();
}

}  // namespace phial::detail
