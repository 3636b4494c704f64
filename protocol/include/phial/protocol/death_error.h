// The errors that tell the caller of a job about the death of a worker.
#pragma once

#include <phial/protocol/death_certificate.h>
#include <phial/protocol/error.h>

#include <memory>
#include <string>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// Base of the errors whose cause is one worker's death. what() is one line that a client of the
/// program may see; describe() is the whole certificate. Copies share the certificate. JobTimedOut
/// has a certificate too, but derives from TimeLimit. To find the certificate of any of these
/// errors use Failure::certificate().
class DeathError : public Error {
 public:
  const DeathCertificate& certificate() const { return *certificate_; }
  const DeathCertificate* death() const noexcept override { return certificate_.get(); }
  std::string describe() const override { return certificate_->describe(); }

 protected:
  DeathError(const std::string& what, DeathCertificate certificate);

 private:
  std::shared_ptr<const DeathCertificate> certificate_;
};

/// The job's worker died while it ran the job. Also used for a job that never begins: when 10
/// workers in a row have died, or 2 have not responded, before they took it up. certificate().begun
/// tells the cases apart.
class WorkerDied : public DeathError {
 public:
  explicit WorkerDied(DeathCertificate certificate);
  FailureKind kind() const noexcept override { return FailureKind::crashed; }
};

/// The job, or one element of a map, ran longer than its `timeout`, and its worker was ended. Time
/// in the queue does not count.
class JobTimedOut : public TimeLimit {
 public:
  JobTimedOut(const std::string& what, DeathCertificate certificate);

  const DeathCertificate& certificate() const { return *certificate_; }
  std::string describe() const override { return certificate_->describe(); }
  const DeathCertificate* death() const noexcept override { return certificate_.get(); }

 private:
  std::shared_ptr<const DeathCertificate> certificate_;
};

/// The job did not give up within `grace` of its `softTimeout`, and its worker was ended. If a job
/// gives up in time, its result is what the function returned or threw.
class SoftTimeoutExceeded final : public JobTimedOut {
 public:
  explicit SoftTimeoutExceeded(const DeathCertificate& certificate);
};

/// No worker could be started: the program is missing, exits, does not answer the handshake, holds
/// another build of Phial, or its onStart threw. The certificate says which.
class StartupFailed : public DeathError {
 public:
  explicit StartupFailed(DeathCertificate certificate);
  FailureKind kind() const noexcept override { return FailureKind::unavailable; }
  bool mayHaveRun() const noexcept override { return false; }
};

/// With Rerun::always: maxAttempts workers have died while they ran the job.
class PoisonJob : public Error {
 public:
  explicit PoisonJob(std::vector<DeathCertificate> certificates);

  /// what(), then the certificate of each death.
  std::string describe() const override;
  /// The certificates of the deaths, in order.
  const std::vector<DeathCertificate>& certificates() const { return *certificates_; }
  FailureKind kind() const noexcept override { return FailureKind::crashed; }
  const DeathCertificate* death() const noexcept override {
    return certificates_->empty() ? nullptr : &certificates_->back();
  }

 private:
  std::shared_ptr<const std::vector<DeathCertificate>> certificates_;
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
