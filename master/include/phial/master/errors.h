// The errors in which a worker's death reaches the caller of a job.
#pragma once

#include <phial/master/death_certificate.h>
#include <phial/protocol/error.h>

#include <memory>
#include <string>
#include <vector>

namespace phial {

/// An error that a worker's death explains. what() is one line that a client of the program may
/// see; describe() is the certificate's. Copies share the certificate. (JobTimedOut, which is a
/// TimeLimit, has a certificate too. Failure::certificate() finds it in any of them.)
class DeathError : public Error {
 public:
  const DeathCertificate& certificate() const { return *certificate_; }
  const DeathCertificate* death() const noexcept override { return certificate_.get(); }
  std::string describe() const override { return certificate_->describe(); }

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
      : DeathError(certificate.message(), certificate) {}
  FailureKind kind() const noexcept override { return FailureKind::crashed; }
};

/// The job ran longer than its `timeout`; its worker was ended. Time in the queue is not charged.
class JobTimedOut : public TimeLimit {
 public:
  JobTimedOut(const std::string& what, DeathCertificate certificate)
      : TimeLimit(what), certificate_(std::make_shared<DeathCertificate>(std::move(certificate))) {}

  const DeathCertificate& certificate() const { return *certificate_; }
  std::string describe() const override { return certificate_->describe(); }
  const DeathCertificate* death() const noexcept override { return certificate_.get(); }

 private:
  std::shared_ptr<const DeathCertificate> certificate_;
};

/// The job did not give up within `grace` after its `softTimeout`; its worker was ended. A job that
/// gave up in time ends with whatever its function returned or threw.
class SoftTimeoutExceeded final : public JobTimedOut {
 public:
  explicit SoftTimeoutExceeded(const DeathCertificate& certificate)
      : JobTimedOut(certificate.message(), certificate) {}
};

/// No worker could be started: the program is missing, exits, never answers the handshake, holds
/// another build of Phial, or its onStart threw. The certificate says which.
class StartupFailed : public DeathError {
 public:
  explicit StartupFailed(DeathCertificate certificate)
      : DeathError(certificate.message(), certificate) {}
  FailureKind kind() const noexcept override { return FailureKind::unavailable; }
  bool mayHaveRun() const noexcept override { return false; }
};

/// The job was running in every worker that it was given to, and each of them died.
class PoisonJob : public Error {
 public:
  explicit PoisonJob(std::vector<DeathCertificate> certificates);

  /// Each death's.
  std::string describe() const override;
  /// One a death, in order.
  const std::vector<DeathCertificate>& certificates() const { return *certificates_; }
  FailureKind kind() const noexcept override { return FailureKind::crashed; }
  const DeathCertificate* death() const noexcept override {
    return certificates_->empty() ? nullptr : &certificates_->back();
  }

 private:
  std::shared_ptr<const std::vector<DeathCertificate>> certificates_;
};

}  // namespace phial
