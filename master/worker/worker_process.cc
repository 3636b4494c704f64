#include "master/worker/worker_process.h"

#include <phial/master/errors.h>

#include <utility>

#include "master/process/pidfd.h"
#include "master/process/resident_memory.h"
#include "master/process/shortage.h"

namespace phial::detail {
WorkerProcess::WorkerProcess(Environment environment, std::uint64_t number)
    : env_(environment),
      number_(number),
      spawnedAt_(env_.reactor.now()),
      giveUps_(env_.clock, env_.options.grace, [this] { endOverdue(); }),
      takeUp_(env_.clock, env_.options.startTimeout, [this] { checkTakeUp(); }),
      progress_(env_.clock, inFlight_, env_.owner, [this] { progress_.read(*page_); }) {}

WorkerProcess::~WorkerProcess() noexcept { cancelTimers(); }

void WorkerProcess::cancelTimers() {
  giveUps_.stop();
  takeUp_.stop();
  progress_.stop();
  for (auto* timer : {&startTimer_, &traceTimer_, &killTimer_, &verdictTimer_}) timer->cancel();
}

std::optional<std::string> WorkerProcess::start() {
  try {
    spawn();
  } catch (const std::exception& e) {
    const auto* own = dynamic_cast<const Error*>(&e);
    std::string why = own != nullptr ? own->describe() : e.what();
    if (isShortage(e)) {
      abandon();
      return why;
    }
    failToStart(std::move(why));
    return std::nullopt;
  }
  startTimer_ = env_.clock.callLater(env_.options.startTimeout, [this] { startIsLate(); });
  link_->describe(env_.options.name, number_, env_.options.spin);
  return std::nullopt;
}

void WorkerProcess::failToStart(std::string why) {
  beginEnding(DeathCause::startup, std::move(why));
  env_.reactor.callSoon([weak = weak_from_this()] {
    if (auto self = weak.lock()) self->die();
  });
}

void WorkerProcess::startIsLate() {
  // Its own end is about to be reported, or a debugger holds it.
  if (process_->hasEnded()) return;
  if (isWaitedFor()) {
    startTimer_ = env_.clock.callLater(env_.options.grace, [this] { startIsLate(); });
    return;
  }
  const auto giveUp = [this] {
    if (process_->hasEnded()) return;
    end(DeathCause::startup, SIGKILL, "it did not answer the handshake in time" + tracerNote());
  };
  // Something may have held up the loop while its greeting lay in the pipe.
  if (!link_->readPending()) return giveUp();
  startTimer_ = env_.clock.callLater(env_.options.grace, giveUp);
}

bool WorkerProcess::verdictPending() const {
  if (state_ != WorkerState::ending) return false;
  // Killed for it, and gone in a moment, unless the kernel holds it.
  if (cause_ == DeathCause::startup && killTimer_.active()) return true;
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
  const auto job = page_ ? page_->blamed() : std::nullopt;
  return {.number = number_,
          .pid = process_ ? process_->pid() : 0,
          .state = state_,
          .job = job ? inFlight_.job(*job).id : 0,
          .jobsServed = inFlight_.answered()};
}

bool WorkerProcess::beginEnding(DeathCause cause, std::string detail) {
  startTimer_.cancel();
  takeUp_.stop();
  giveUps_.stop();
  if (!cause_) {
    cause_ = cause;
    detail_ = std::move(detail);
  }
  if (state_ == WorkerState::ending) return false;
  state_ = WorkerState::ending;
  report();
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
  sendEnd(signal);
  killAfterGrace();
}

void WorkerProcess::sendEnd(int signal) {
  if (signal == SIGKILL || !process_->killGroup(signal)) kill();
}

void WorkerProcess::killAfterGrace() {
  killTimer_.cancel();
  killTimer_ = env_.clock.callLater(env_.options.grace, [this] { graceIsOver(); });
}

// A host that has dropped its privileges since may not signal its workers any more.
void WorkerProcess::kill() {
  using Termination = Process::Termination;
  const auto how = process_->terminate();
  if (how != Termination::byLifeline && how != Termination::refused) return;
  if (std::exchange(lifelineCut_, true)) return;
  env_.log->write(LogLevel::warning, number_,
                  "the process " + std::to_string(process_->pid()) +
                      " cannot be signalled any more: " +
                      (how == Termination::byLifeline ? "its lifeline is cut instead"
                                                      : "nothing is left to end it by"));
}

void WorkerProcess::graceIsOver() {
  if (isWaitedFor()) return killAfterGrace();
  // The kernel kills by signal or by lifeline at once, and what it holds itself passes. One that
  // lives on for another `grace` though it could not be signalled has closed its lifeline.
  const bool lost = lifelineCut_;
  kill();
  if (lost) return loseProcess();
  killAfterGrace();
}

// Nothing can end it: the pool goes on without it.
void WorkerProcess::loseProcess() {
  env_.log->write(LogLevel::error, number_,
                  "the process " + std::to_string(process_->pid()) +
                      " cannot be ended, and lives on outside of the pool");
  if (detail_.empty()) detail_ = "it could not be ended: this process may not signal it any more";
  die();
}

std::optional<std::uint64_t> WorkerProcess::residentBytes() {
  if (!process_) return std::nullopt;
  if (!numberInProc_) numberInProc_ = detail::numberInProc(process_->pidfd()).value_or(0);
  return *numberInProc_ > 0 ? detail::residentBytes(*numberInProc_) : std::nullopt;
}

void WorkerProcess::abandon() {
  cancelTimers();
  state_ = WorkerState::ending;
  dead_ = true;
  reading_.reset();
  writing_.reset();
  link_.reset();
  if (log_) log_->close();
  log_.reset();
  process_.reset();
}

}  // namespace phial::detail
