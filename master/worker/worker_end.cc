// A worker's end: what it had said is heard, then its certificate is written.
#include <utility>

#include "master/worker/worker_process.h"

namespace phial::detail {
namespace {

// How long a dead worker's pipes are listened to when somebody else keeps writing into them.
constexpr Duration kDrainLimit = std::chrono::milliseconds(100);

// Between two looks at what another thread copies.
constexpr Duration kDrainPause = std::chrono::milliseconds(1);

}  // namespace

void WorkerProcess::exited(const ExitStatus& status) {
  exitStatus_ = status;
  if (!cause_) {
    auto [cause, detail] = deathReason(evidence(status), env_.options.limits);
    if (cause == DeathCause::crash && !detail_.empty()) {  // it broke off the conversation before
      cause = DeathCause::protocol;
      detail = detail_;
    }
    beginEnding(cause, std::move(detail));
  }
  traceTimer_.cancel();
  killTimer_.cancel();
  verdictTimer_.cancel();
  drainUntil_ = env_.reactor.now() + kDrainLimit;
  drain();
}

// Of an end that was not the pool's doing.
DeathEvidence WorkerProcess::evidence(const ExitStatus& status) const {
  using Life = DeathEvidence::Life;
  DeathEvidence evidence{.life = state_ == WorkerState::starting ? Life::starting : Life::serving,
                         .status = status,
                         .resources = process_->resources(),
                         .refusal = page_->refusal(),
                         .lostDescriptor = page_->lostDescriptor()};
  if (status == ExitStatus(Signalled{SIGKILL}) && oomMark_) {
    evidence.oomKill = env_.oomKills.claim(*oomMark_);
  }
  return evidence;
}

void WorkerProcess::drain() {
  const bool more = link_->readPending() || LoopBridge::current()->runnable() || !events_.empty();
  // What has arrived is read to its end.
  const bool copying = reading_ || link_->fetching();
  if (copying) drainUntil_ = env_.reactor.now() + kDrainLimit;
  if (!more || env_.reactor.now() >= drainUntil_) return hearTheRest();
  env_.reactor.callLater(copying ? kDrainPause : Duration::zero(), [weak = weak_from_this()] {
    auto self = weak.lock();
    if (self && !self->dead_) self->drain();
  });
}

// What it had delivered counts, whatever it died of afterwards.
void WorkerProcess::hearTheRest() {
  const auto served = inFlight_.answered();
  collect();
  if (inFlight_.answered() == served) return readLastLines();
  env_.reactor.callSoon([weak = weak_from_this()] {
    if (auto self = weak.lock()) self->readLastLines();
  });
  env_.owner.workerAnswered(*this);
}

// What it has printed comes before the news of its death. A share in each turn: its pipes may hold
// tens of thousands of lines, and each of them calls the log.
void WorkerProcess::readLastLines() {
  const auto keepAlive = shared_from_this();
  const auto log = log_;
  const bool more = log && log->finish();
  if (dead_) return;  // a log function has ended the pool
  if (!more) return die();
  env_.reactor.callLater(Duration::zero(), [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->readLastLines();
  });
}

void WorkerProcess::die() {
  if (dead_) return;
  const auto keepAlive = shared_from_this();
  progress_.stop();
  if (page_) progress_.read(*page_);
  auto document = certificate();
  dead_ = true;
  reading_.reset();
  writing_.reset();
  link_.reset();
  env_.owner.workerDied(*this, std::move(document));
}

DeathCertificate WorkerProcess::certificate() const {
  DeathCertificate death;
  death.worker = number_;
  death.cause = cause_.value_or(DeathCause::crash);
  death.jobsServed = inFlight_.answered();
  death.uptime = env_.reactor.now() - spawnedAt_;
  death.detail = detail_;
  if (page_) {
    if (const auto function = page_->attest(death)) death.function = functions_.name(*function);
  }
  if (process_) {
    death.pid = process_->pid();
    death.status = exitStatus_.value_or(StatusUnknown{});
    death.resources = process_->resources();
  }
  if (log_) {
    death.stderrHead = log_->excerpt().first();
    death.stderrLeftOut = log_->excerpt().leftOut();
    death.stderrTail = log_->excerpt().last();
  }
  return death;
}

}  // namespace phial::detail
