// Why a worker ends, as far as it is known: from the first sign to the certificate.
//
// Two rules. The first cause counts, whatever follows from it: a worker that is killed for its
// timeout has not crashed. An end that nobody has caused is explained by its evidence, and by what
// the worker had said before only if the evidence does not say more.
//
// Thread rule: the loop's.
#pragma once

#include <phial/master/death_certificate.h>
#include <phial/master/limits.h>

#include <optional>
#include <string>

#include "master/worker/death_reason.h"

namespace phial::inline v1::detail {

class DeathRecord {
 public:
  /// The worker is about to be ended, or cannot live on, because of `cause`. Changes nothing if a
  /// cause is known.
  void blame(DeathCause cause, std::string detail);
  /// The worker has broken off the conversation, and says so by `what`. It is about to end itself:
  /// the words count if its end has no better reason.
  void suspect(std::string what) { suspicion_ = std::move(what); }
  const std::string& suspicion() const { return suspicion_; }

  /// The process has ended.
  void exited(const ExitStatus& status) { status_ = status; }
  /// The cause of an end that nobody has caused. REQUIRES: no cause is known.
  DeathReason reasonOf(const DeathEvidence& evidence, const Limits& limits) const;
  /// The worker's last words, read after its end. They say why it did not get ready, unless its
  /// failure to start has an explanation.
  void hearLastWords(std::string what);
  /// The process cannot be ended, and the pool goes on without it.
  void lose();

  const std::optional<DeathCause>& cause() const { return cause_; }
  /// True once the process has ended.
  bool hasExited() const { return status_.has_value(); }
  /// True if the end was not the pool's own wish, in the course of recycling or stopping.
  bool unexpected() const;

  /// Writes the cause, the detail and the status into `death`.
  void attest(DeathCertificate& death) const;

 private:
  std::optional<DeathCause> cause_;
  std::string detail_;
  std::string suspicion_;
  std::optional<ExitStatus> status_;
};

}  // namespace phial::inline v1::detail
