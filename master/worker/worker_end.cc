// A worker's end: what it had said is heard, then its certificate is written.
#include <utility>

#include "master/worker/worker_process.h"

namespace phial::inline v1::detail {
namespace {

// The worker had no process of its own: what is known is the template's.
void attestTemplate(const DeathCertificate& failure, DeathCertificate& death) {
  death.pid = failure.pid;
  death.origin = failure.origin;
  death.status = failure.status;
  death.resources = failure.resources;
  death.stderrHead = failure.stderrHead;
  death.stderrLeftOut = failure.stderrLeftOut;
  death.stderrTail = failure.stderrTail;
}

}  // namespace

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
  lastWords_ =
      std::make_shared<LastWords>(env_.reactor, *conversation_, child_->output(),
                                  LastWords::Callbacks{.onSilence = [this] { hearTheRest(); },
                                                       .onLinesRead = [this] { die(); }});
  lastWords_->listen();
}

// What it had delivered counts, whatever it died of afterwards.
void WorkerProcess::hearTheRest() {
  const auto served = inFlight_.answered();
  collect();
  if (inFlight_.answered() == served) return lastWords_->readLines();
  env_.reactor.callSoon([weak = std::weak_ptr(lastWords_)] {
    if (auto words = weak.lock()) words->readLines();
  });
  env_.owner.workerAnswered(*this);
}

void WorkerProcess::die() {
  if (dead_) return;
  const auto keepAlive = shared_from_this();
  progress_.stop();
  if (page_) progress_.read(*page_);
  if (items_) items_->finish();
  DeathCertificate death;
  death.worker = number_;
  death.jobsServed = inFlight_.answered();
  death.uptime = env_.reactor.now() - spawnedAt_;
  death_.attest(death);
  if (page_) {
    if (const auto function = page_->attest(death)) death.function = functions_.name(*function);
  }
  death.origin = origin_;
  if (child_) child_->attest(death);
  if (templateFailure_) attestTemplate(*templateFailure_, death);
  dead_ = true;
  if (lastWords_) lastWords_->stop();
  lastWords_.reset();
  intake_.reset();
  conversation_.reset();
  env_.owner.workerDied(*this, std::move(death));
}

}  // namespace phial::inline v1::detail
