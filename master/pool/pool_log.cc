// What the pool has to say. Records wait in line with the Deferreds and the observer's events: the
// log function is the program's, and runs when the books are in order.
#include <utility>

#include "master/pool/pool_core.h"
#include "master/worker/death_report.h"

namespace phial::detail {

void PoolCore::say(LogLevel level, std::uint64_t worker, std::string text) {
  settlements_.notify(
      [log = log_, level, worker, text = std::move(text)] { log->write(level, worker, text); });
}

// A crash loop may bring a hundred deaths in a second.
void PoolCore::sayDeath(const DeathCertificate& death) {
  if (deathGate_.admit(reactor_.now())) return say(LogLevel::warning, death.worker, report(death));
  if (floodTimer_.active()) return;
  floodTimer_ = reactor_.callLater(FloodGate::kPeriod, [this] {
    sayDeathsHeldBack();
    finishPending();
  });
}

void PoolCore::sayDeathsHeldBack() {
  if (deathGate_.heldBack() == 0) return;
  say(LogLevel::warning, 0,
      std::to_string(deathGate_.takeHeldBack()) +
          " more workers died, too many a second to be reported one by one");
}

// Without stop(), which is nobody's loss as long as no job is.
void PoolCore::sayDestroyed(std::size_t workers) {
  sayDeathsHeldBack();
  const std::uint64_t jobs = ledger_[Column::queued] + ledger_[Column::running];
  if (workers == 0 && jobs == 0) return;
  say(jobs > 0 ? LogLevel::warning : LogLevel::debug, 0,
      "destroyed without stop(): kills " + std::to_string(workers) + " workers and fails " +
          std::to_string(jobs) + " unfinished jobs");
}

}  // namespace phial::detail
