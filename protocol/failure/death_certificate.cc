#include <phial/protocol/death_certificate.h>
#include <phial/protocol/death_error.h>

#include <array>
#include <cstdio>

namespace phial::inline v1 {
namespace {

std::string seconds(std::chrono::nanoseconds duration) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3f s",
                std::chrono::duration<double>(duration).count());
  return text.data();
}

std::string mebibytes(std::uint64_t bytes) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f MiB", static_cast<double>(bytes) / (1 << 20));
  return text.data();
}

std::string percent(double fraction) {
  return std::to_string(static_cast<int>(fraction * 100)) + " %";
}

// "while running job 7, isPrime "label"", or what else it was doing.
std::string circumstances(const DeathCertificate& death) {
  std::string job = "job " + std::to_string(death.job) + ", " + death.function;
  if (!death.label.empty()) job += " \"" + death.label + "\"";
  std::string phase = std::string("while ") + phaseName(death.phase);
  if (death.job == 0) return phase;
  if (death.begun == DeathCertificate::Begun::yes) {
    if (death.element) job += " at element " + std::to_string(*death.element);
    return phase + " " + job + (death.progress ? " at " + percent(*death.progress) : "");
  }
  return "before it took up " + job;
}

std::string indented(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += "\n    " + line;
  return text;
}

std::string causePhrase(DeathCause cause) {
  switch (cause) {
    case DeathCause::crash:
      return "it crashed";
    case DeathCause::memory:
      return "it ran out of memory";
    case DeathCause::timeout:
      return "the pool ended it: its job ran longer than its timeout";
    case DeathCause::softTimeout:
      return "the pool ended it: its job did not give up after its soft timeout";
    case DeathCause::deadline:
      return "the pool ended it: its job's deadline had passed";
    case DeathCause::cancel:
      return "the pool ended it: its job was cancelled and did not give up";
    case DeathCause::recycle:
      return "the pool replaced it";
    case DeathCause::shutdown:
      return "the pool stopped it";
    case DeathCause::killed:
      return "the program killed it: killWorkers()";
    case DeathCause::protocol:
      return "the pool ended it: it broke the protocol";
    case DeathCause::startup:
      return "it did not get ready";
    case DeathCause::damaged:
      return "it ended itself: it could not go on after what a job had done to it";
    case DeathCause::unresponsive:
      return "the pool ended it: it gave no sign of life";
    case DeathCause::reaped:
      return "unknown: something else in this program waited for the process and has its status";
  }
  return "unknown";
}

// All but the worker's own words.
std::string withoutOutput(const DeathCertificate& death) {
  std::string text = death.summary() + "\n  cause: " + causePhrase(death.cause);
  if (death.pid == 0) return text;
  const auto& used = death.resources;
  text += "\n  jobs served: " + std::to_string(death.jobsServed) + ", up " + seconds(death.uptime) +
          ", CPU " + seconds(used.userTime + used.systemTime);
  if (used.peakRssBytes) text += ", peak memory " + mebibytes(*used.peakRssBytes);
  if (death.origin == WorkerOrigin::fromTemplate) text += ", forked from the template";
  return text;
}

}  // namespace

const char* causeName(DeathCause cause) {
  static constexpr std::array kNames = {
      "crash",    "memory",   "timeout", "soft timeout", "deadline",     "cancel", "recycle",
      "shutdown", "protocol", "startup", "damaged",      "unresponsive", "reaped", "killed"};
  return kNames.at(static_cast<std::size_t>(cause));
}

std::string DeathCertificate::summary() const {
  std::string text = "worker " + std::to_string(worker);
  if (pid != 0) text += " (pid " + std::to_string(pid) + ")";
  text += " " + (pid != 0 ? phial::describe(status) : std::string("could not be spawned"));
  text += " " + circumstances(*this);
  if (!detail.empty()) text += ": " + detail;
  return text;
}

std::string DeathCertificate::describe() const {
  std::string text = withoutOutput(*this);
  if (!traceback.empty()) text += "\n  where it was:" + indented(traceback);
  if (stderrTail.empty()) return text;
  if (!stderrHead.empty()) {
    text += "\n  first lines on stderr:" + indented(stderrHead);
    if (stderrLeftOut > 0) text += "\n  " + std::to_string(stderrLeftOut) + " lines left out";
  }
  return text + "\n  last lines on stderr:" + indented(stderrTail);
}

std::string DeathCertificate::message() const {
  const std::string ending = pid != 0 ? phial::describe(status) : "could not be spawned";
  const std::string end = std::holds_alternative<Signalled>(status) ? "was " + ending : ending;
  if (cause == DeathCause::startup) return "no worker could be started: it " + end;
  const std::string subject = function.empty() ? "a worker " : function + ": its worker ";
  switch (cause) {
    case DeathCause::crash:
    case DeathCause::reaped:
      return subject + end;
    case DeathCause::memory:
      return subject + "ran out of memory";
    case DeathCause::protocol:
      return subject + "broke the protocol and was ended";
    case DeathCause::damaged:
      return subject + "could not go on after what a job had done to it";
    case DeathCause::unresponsive:
      return subject + "did not respond and was ended";
    case DeathCause::timeout:
      return function + ": ran longer than its timeout and was ended";
    case DeathCause::softTimeout:
      return function + ": did not give up after its soft timeout and was ended";
    case DeathCause::deadline:
      return function + ": was ended because its deadline had passed";
    case DeathCause::cancel:
      return subject + "was ended because a job in it was cancelled and did not give up";
    case DeathCause::killed:
      return subject + "was killed on request";
    case DeathCause::recycle:
    case DeathCause::shutdown:
    case DeathCause::startup:
      break;
  }
  return subject + "was stopped by its pool";
}

std::string detail::account(const DeathCertificate& death) { return withoutOutput(death); }

namespace {

std::string poisonText(const std::vector<DeathCertificate>& certificates) {
  std::string text =
      "each of the " + std::to_string(certificates.size()) + " workers that the job ran in died";
  if (certificates.empty()) return text;
  return text + "; the last time " + certificates.back().message();
}

}  // namespace

DeathError::DeathError(const std::string& what, DeathCertificate certificate)
    : Error(what), certificate_(std::make_shared<DeathCertificate>(std::move(certificate))) {}

WorkerDied::WorkerDied(DeathCertificate certificate)
    : DeathError(certificate.message(), certificate) {}

JobTimedOut::JobTimedOut(const std::string& what, DeathCertificate certificate)
    : TimeLimit(what), certificate_(std::make_shared<DeathCertificate>(std::move(certificate))) {}

SoftTimeoutExceeded::SoftTimeoutExceeded(const DeathCertificate& certificate)
    : JobTimedOut(certificate.message(), certificate) {}

StartupFailed::StartupFailed(DeathCertificate certificate)
    : DeathError(certificate.message(), certificate) {}

PoisonJob::PoisonJob(std::vector<DeathCertificate> certificates)
    : Error(poisonText(certificates)),
      certificates_(
          std::make_shared<const std::vector<DeathCertificate>>(std::move(certificates))) {}

std::string PoisonJob::describe() const {
  std::string text = what();
  for (const auto& certificate : *certificates_) text += "\n" + certificate.describe();
  return text;
}

}  // namespace phial::inline v1
