#include "master/worker/death_record.h"

#include <utility>

namespace phial::inline v1::detail {

void DeathRecord::blame(DeathCause cause, std::string detail) {
  if (cause_) return;
  cause_ = cause;
  detail_ = std::move(detail);
}

DeathReason DeathRecord::reasonOf(const DeathEvidence& evidence, const Limits& limits) const {
  auto reason = deathReason(evidence, limits);
  if (reason.cause == DeathCause::crash && !suspicion_.empty()) {
    return {DeathCause::protocol, suspicion_};
  }
  return reason;
}

void DeathRecord::hearLastWords(std::string what) {
  if (status_ && cause_ == DeathCause::startup && detail_.empty()) detail_ = std::move(what);
}

void DeathRecord::lose() {
  if (detail_.empty()) detail_ = "it could not be ended: this process may not signal it any more";
}

bool DeathRecord::unexpected() const {
  return cause_ && cause_ != DeathCause::recycle && cause_ != DeathCause::shutdown;
}

void DeathRecord::attest(DeathCertificate& death) const {
  death.cause = cause_.value_or(DeathCause::crash);
  death.detail = detail_;
  death.status = status_.value_or(StatusUnknown{});
}

}  // namespace phial::inline v1::detail
