#include <phial/master/death_certificate.h>
#include <phial/master/errors.h>

#include <array>
#include <cstdio>

namespace phial {
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
      return "the pool retired it after its number of jobs";
    case DeathCause::shutdown:
      return "the pool stopped it";
    case DeathCause::protocol:
      return "the pool ended it: it broke the protocol";
    case DeathCause::startup:
      return "it did not get ready";
    case DeathCause::reaped:
      return "unknown: something else in this program waited for the process and has its status";
  }
  return "unknown";
}

}  // namespace

const char* causeName(DeathCause cause) {
  static constexpr std::array kNames = {"crash",    "memory",  "timeout", "soft timeout",
                                        "deadline", "cancel",  "recycle", "shutdown",
                                        "protocol", "startup", "reaped"};
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
  std::string text = summary() + "\n  cause: " + causePhrase(cause);
  if (pid != 0) {
    text += "\n  jobs served: " + std::to_string(jobsServed) + ", up " + seconds(uptime) +
            ", CPU " + seconds(resources.userTime + resources.systemTime);
    if (resources.peakRssBytes) text += ", peak memory " + mebibytes(*resources.peakRssBytes);
  }
  if (stderrTail.empty()) return text;
  text += "\n  last lines on stderr:";
  for (const auto& line : stderrTail) text += "\n    " + line;
  return text;
}

namespace {

std::string poisonText(const std::vector<DeathCertificate>& certificates) {
  std::string text = "the job was running in each of " + std::to_string(certificates.size()) +
                     " workers that died:";
  for (const auto& certificate : certificates) text += "\n" + certificate.describe();
  return text;
}

}  // namespace

PoisonJob::PoisonJob(std::vector<DeathCertificate> certificates)
    : Error(poisonText(certificates)),
      certificates_(
          std::make_shared<const std::vector<DeathCertificate>>(std::move(certificates))) {}

}  // namespace phial
