// The errors in which a worker's death reaches the caller of a job.
#pragma once

#include <phial/master/death_certificate.h>
#include <phial/protocol/error.h>

#include <memory>
#include <string>
#include <vector>

namespace phial {

/// An error that a worker's death explains. Copies share the certificate.
class DeathError : public Error {
 public:
  const DeathCertificate& certificate() const { return *certificate_; }

 protected:
  DeathError(const std::string& what, DeathCertificate certificate)
      : Error(what), certificate_(std::make_shared<DeathCertificate>(std::move(certificate))) {}

 private:
  std::shared_ptr<const DeathCertificate> certificate_;
};

/// The worker died while it ran the job.
class WorkerDied : public DeathError {
 public:
  explicit WorkerDied(DeathCertificate certificate)
      : DeathError(certificate.describe(), certificate) {}
};

/// The job ran longer than its `timeout`; its worker was ended. Time in the queue is not charged.
class JobTimedOut : public DeathError {
 public:
  JobTimedOut(const std::string& what, DeathCertificate certificate)
      : DeathError(what, std::move(certificate)) {}
};

/// The job did not give up within `grace` after its `softTimeout`; its worker was ended. A job that
/// gave up in time ends with whatever its function returned or threw.
class SoftTimeoutExceeded final : public JobTimedOut {
 public:
  explicit SoftTimeoutExceeded(const DeathCertificate& certificate)
      : JobTimedOut("the job did not heed its soft timeout: " + certificate.describe(),
                    certificate) {}
};

/// No worker could be started: the program is missing, exits, never answers the handshake, holds
/// another build of Phial, or its onStart threw. The message says which.
class StartupFailed : public DeathError {
 public:
  explicit StartupFailed(DeathCertificate certificate)
      : DeathError(certificate.describe(), certificate) {}
};

/// The job was running in every worker that it was given to, and each of them died.
class PoisonJob : public Error {
 public:
  explicit PoisonJob(std::vector<DeathCertificate> certificates);

  /// One a death, in order.
  const std::vector<DeathCertificate>& certificates() const { return *certificates_; }

 private:
  std::shared_ptr<const std::vector<DeathCertificate>> certificates_;
};

}  // namespace phial
