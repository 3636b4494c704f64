// A worker's end: what it had said is heard, then its certificate is written.
#include <utility>

#include "master/worker/worker_process.h"

namespace phial::detail {
void WorkerProcess::exited(const ExitStatus& status) {
  death_.exited(status);
  if (!death_.cause()) {
    using Life = DeathEvidence::Life;
    DeathEvidence evidence = child_->claimEvidence(status);
    evidence.life = state_ == WorkerState::starting ? Life::starting : Life::serving;
    evidence.refusal = page_->refusal();
    evidence.lostDescriptor = page_->lostDescriptor();
    auto [cause, detail] = death_.reasonOf(evidence, env_.options.limits);
    beginEnding(cause, std::move(detail));
  }
  child_->stopTimers();
  drain_.emplace(env_.reactor);
  drain();
}

void WorkerProcess::drain() {
  using Sees = PipeDrain::Sees;
  const bool more = link_->readPending() || LoopBridge::current()->runnable() || !events_.empty();
  const bool copying = more && (reading_ || link_->fetching());
  const auto pause = drain_->next(copying ? Sees::copying : more ? Sees::more : Sees::nothing);
  if (!pause) return hearTheRest();
  env_.reactor.callLater(*pause, [weak = weak_from_this()] {
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
  const auto output = child_ ? child_->output() : nullptr;
  const bool more = output && output->finish();
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
  death.jobsServed = inFlight_.answered();
  death.uptime = env_.reactor.now() - spawnedAt_;
  death_.attest(death);
  if (page_) {
    if (const auto function = page_->attest(death)) death.function = functions_.name(*function);
  }
  if (child_) child_->attest(death);
  return death;
}

}  // namespace phial::detail
