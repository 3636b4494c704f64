#include "master/worker/worker_process.h"

#include <phial/master/errors.h>

#include <utility>

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
  startTimer_.cancel();
  if (child_) child_->stopTimers();
}

std::optional<std::string> WorkerProcess::start() {
  try {
    page_.emplace(inFlight_);
    auto spawned = spawnWorker(env_, number_, *page_);
    requestReadEnd_ = kj::mv(spawned.requestReadEnd);
    child_.emplace(env_, number_, std::move(spawned.process), std::move(spawned.oomMark),
                   [this] { loseProcess(); });
    link_ = std::make_unique<WorkerLink>(*env_.reactor.base(), std::move(spawned.channels),
                                         env_.options.maxMessageBytes,
                                         static_cast<WorkerLink::Listener&>(*this));
    child_->onExit([this](const ExitStatus& status) { exited(status); });
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
  if (child_->process().hasEnded()) return;
  if (child_->isHeldByDebugger()) {
    startTimer_ = env_.clock.callLater(env_.options.grace, [this] { startIsLate(); });
    return;
  }
  const auto giveUp = [this] {
    if (child_->process().hasEnded()) return;
    end(DeathCause::startup, SIGKILL,
        "it did not answer the handshake in time" + child_->tracerNote());
  };
  // Something may have held up the loop while its greeting lay in the pipe.
  if (!link_->readPending()) return giveUp();
  startTimer_ = env_.clock.callLater(env_.options.grace, giveUp);
}

bool WorkerProcess::verdictPending() const {
  if (state_ != WorkerState::ending) return false;
  // Killed for it, and gone in a moment, unless the kernel holds it.
  if (death_.cause() == DeathCause::startup && child_ && child_->killIsPending()) return true;
  const bool gone = death_.hasExited() || !child_;
  return gone && death_.unexpected();
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
          .pid = child_ ? child_->process().pid() : 0,
          .state = state_,
          .job = job ? inFlight_.job(*job).id : 0,
          .jobsServed = inFlight_.answered()};
}

bool WorkerProcess::beginEnding(DeathCause cause, std::string detail) {
  startTimer_.cancel();
  takeUp_.stop();
  giveUps_.stop();
  death_.blame(cause, std::move(detail));
  if (state_ == WorkerState::ending) return false;
  state_ = WorkerState::ending;
  report();
  return true;
}

void WorkerProcess::retire(DeathCause cause) {
  if (!beginEnding(cause, {})) return;
  link_->shutdown();
  child_->killAfterGrace();
}

void WorkerProcess::end(DeathCause cause, int signal, std::string detail) {
  if (dead_) return;
  beginEnding(cause, std::move(detail));
  if (child_) child_->end(signal);
}

// Nothing can end it: the pool goes on without it.
void WorkerProcess::loseProcess() {
  const auto keepAlive = shared_from_this();
  death_.lose();
  env_.log->write(LogLevel::error, number_,
                  "the process " + std::to_string(child_->process().pid()) +
                      " cannot be ended, and lives on outside of the pool");
  die();
}

std::optional<std::uint64_t> WorkerProcess::residentBytes() {
  return child_ ? child_->residentBytes() : std::nullopt;
}

void WorkerProcess::abandon() {
  cancelTimers();
  state_ = WorkerState::ending;
  dead_ = true;
  reading_.reset();
  writing_.reset();
  link_.reset();
  if (child_) child_->output()->close();
  child_.reset();
}

}  // namespace phial::detail
