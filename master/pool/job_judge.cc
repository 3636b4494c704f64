#include "master/pool/job_judge.h"

#include <phial/master/detail/item_stream.h>

#include <utility>

#include "master/pool/verdict.h"

namespace phial::inline v1::detail {
namespace {

// Whether it was running when its worker died.
bool isBlamed(const JobEntry& entry, const DeathCertificate& death) {
  return entry.id() == death.job && death.begun == DeathCertificate::Begun::yes;
}

// True if items of a stream have arrived. It has run then, whatever its worker said, and cannot run
// again: its consumer would get them twice.
bool hasEmitted(const JobEntry& entry) {
  const ItemStream* const stream = entry.job->stream();
  return stream != nullptr && stream->anyArrived();
}

}  // namespace

// A job that had ended, and whose result cannot be had, counts as if its worker had died before it.
// From the last to the first: each goes to the head of the queue, so their order stays.
void JobJudge::judge(const PoolWorker& worker, const DeathCertificate& death) {
  const auto held = worker.heldJobs();
  for (auto id = held.rbegin(); id != held.rend(); ++id) {
    JobEntry* const entry = books_.find(*id);
    if (entry == nullptr) continue;
    if (*id == death.job || worker.jobBegun(*id) || entry->placement().bound() ||
        hasEmitted(*entry)) {
      judge(*entry, death);
    } else if (death.cause == DeathCause::shutdown || books_.mode() == QueueMode::closed) {
      books_.failStopped(*entry);
    } else {
      noteRerun(*entry, death);
      books_.requeue(*entry);
    }
  }
}

void JobJudge::judge(JobEntry& entry, const DeathCertificate& death) {
  JobTimes& times = entry.state->times;
  if (const auto delay = entry.worker()->startDelay(entry.id())) {
    times.started = *times.dispatched + *delay;
  }
  const JobOptions& options = entry.job->options();
  using Where = RerunRule::Where;
  const auto where = entry.placement().bound() ? Where::hereOnly : Where::anywhere;
  const bool emitted = hasEmitted(entry);
  const auto at = emitted || isBlamed(entry, death) ? AtDeath::running : AtDeath::onItsWay;
  const Rerun rerun = emitted ? Rerun::never : options.rerun;
  auto verdict = detail::judge(death, at, {rerun, options.maxAttempts, where}, books_.mode(),
                               entry.state->strikes);
  using Fate = Verdict::Fate;
  switch (verdict.fate) {
    case Fate::fails:
      return books_.fail(entry, std::move(*verdict.failure));
    case Fate::stops:
      return books_.failStopped(entry);
    case Fate::runsAgain:
      noteRerun(entry, death);
      return books_.requeue(entry);
    case Fate::runsAgainAfterPause:
      noteRerun(entry, death);
      return pause(entry);
  }
}

void JobJudge::noteRerun(const JobEntry& entry, const DeathCertificate& death) {
  ++reruns_;
  context_.reporter.requeued(entry, death);
}

void JobJudge::pause(JobEntry& entry) {
  const auto id = entry.id();
  books_.pause(entry);
  const Duration time = pauseBeforeRerun(entry.state->strikes.deaths.size(), random_);
  entry.state->pause = context_.clock.callLater(time, [this, id] {
    books_.endPause(books_.at(id));
    context_.pending.finish();
  });
}

}  // namespace phial::inline v1::detail
