#include "master/pool/reload.h"

#include <utility>

#include "master/process/this_program.h"

namespace phial::inline v1::detail {

Deferred<void> Reload::begin() {
  auto [deferred, resolver] = newDeferred<void>();
  reporter_.say(LogLevel::info, 0,
                "reloading " + std::to_string(crew_.roster().active()) + " workers");
  if (ownProgram_) command_ = commandByPath();
  crew_.renew();
  crew_.staffing().beginReload(crew_.lastWorker());
  waiters_.push_back(std::move(resolver));
  return std::move(deferred);
}

void Reload::advance() {
  if (!crew_.staffing().finishReload()) return;
  reporter_.say(LogLevel::info, 0, "reloaded");
  for (auto& waiter : std::exchange(waiters_, {})) settlements_.succeed(std::move(waiter));
}

void Reload::fail(const Failure& failure) {
  if (!crew_.staffing().reloading()) return;
  if (ownProgram_) {
    command_.clear();
    crew_.renew();
  }
  crew_.staffing().abandonReload();
  for (auto& waiter : std::exchange(waiters_, {})) settlements_.fail(std::move(waiter), failure);
}

}  // namespace phial::inline v1::detail
