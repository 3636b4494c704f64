#include "master/pool/verdict.h"

#include <phial/master/errors.h>

#include <exception>
#include <string>
#include <utility>

namespace phial::inline v1::detail {
namespace {

using Fate = Verdict::Fate;

// Its traceback is where the worker was, not where the pool heard of its end.
template <class E>
Verdict failed(E error, const DeathCertificate& death) {
  std::string traceback;
  for (const auto& line : death.traceback) traceback += line + "\n";
  return {Fate::fails, Failure(std::make_exception_ptr(std::move(error)), std::move(traceback))};
}

Verdict judgeWaiting(const DeathCertificate& death, Strikes& strikes) {
  if (death.cause == DeathCause::killed) return {Fate::runsAgain};  // not by the job
  if (death.cause == DeathCause::unresponsive) ++strikes.notTakenUp;
  const bool harmless =
      ++strikes.notBegun < Verdict::kMostNotBegun && strikes.notTakenUp < Verdict::kMostNotTakenUp;
  return harmless ? Verdict{Fate::runsAgain} : failed(WorkerDied(death), death);
}

Verdict judgeRunning(const DeathCertificate& death, const RerunRule& rule, QueueMode queue,
                     Strikes& strikes) {
  if (death.cause == DeathCause::timeout) {
    return failed(JobTimedOut(death.message(), death), death);
  }
  if (death.cause == DeathCause::softTimeout) return failed(SoftTimeoutExceeded(death), death);
  if (rule.rerun == Rerun::always) {
    strikes.deaths.push_back(death);
    if (strikes.deaths.size() >= rule.maxAttempts) return failed(PoisonJob(strikes.deaths), death);
    if (queue == QueueMode::open) return {Fate::runsAgainAfterPause};
  }
  if (death.cause == DeathCause::protocol) {
    return failed(ProtocolError(death.message(), death.describe()), death);
  }
  return failed(WorkerDied(death), death);
}

// What it needs died with its worker.
Verdict judgeBound(const DeathCertificate& death, AtDeath at, QueueMode queue, Strikes& strikes) {
  if (at == AtDeath::running) {
    return judgeRunning(death, {.rerun = Rerun::never}, queue, strikes);
  }
  return queue == QueueMode::open ? failed(WorkerDied(death), death) : Verdict{Fate::stops};
}

}  // namespace

Verdict judge(const DeathCertificate& death, AtDeath at, const RerunRule& rule, QueueMode queue,
              Strikes& strikes) {
  if (death.cause == DeathCause::shutdown) return {Fate::stops};
  if (rule.where == RerunRule::Where::hereOnly) return judgeBound(death, at, queue, strikes);
  if (at == AtDeath::running) return judgeRunning(death, rule, queue, strikes);
  return queue == QueueMode::open ? judgeWaiting(death, strikes) : Verdict{Fate::stops};
}

}  // namespace phial::inline v1::detail
