#include "master/worker/death_reason.h"

#include <array>
#include <csignal>
#include <cstdio>

#include "master/process/child_limits.h"

namespace phial::inline v1::detail {
namespace {

using Refusal = DeathEvidence::Refusal;

// The dynamic loader's, and the shell's, when the program cannot be brought to run.
constexpr int kCannotRun = 127;

std::string inWords(std::uint64_t bytes) {
  if (bytes < (1U << 20)) return std::to_string(bytes) + " bytes";
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f MiB", static_cast<double>(bytes) / (1 << 20));
  return text.data();
}

bool diedOf(const ExitStatus& status, int signal) {
  const auto* const signalled = std::get_if<Signalled>(&status);
  return signalled != nullptr && signalled->signal == signal;
}

bool couldNotRun(const ExitStatus& status) {
  const auto* const exited = std::get_if<Exited>(&status);
  return std::holds_alternative<Signalled>(status) ||
         (exited != nullptr && exited->code == kCannotRun);
}

std::string cpuLimit(const Limits& limits) {
  return "its limit of " + std::to_string(cpuSeconds(*limits.cpuTime)) +
         " s of CPU time, which counts all its jobs";
}

std::string cpuPhrase(const DeathEvidence& evidence, const Limits& limits) {
  if (!limits.cpuTime || !diedOf(evidence.status, SIGXCPU)) return {};
  return "it met " + cpuLimit(limits);
}

std::string fileSizePhrase(const DeathEvidence& evidence, const Limits& limits) {
  if (!limits.fileSizeBytes || !diedOf(evidence.status, SIGXFSZ)) return {};
  return "it met its limit of " + inWords(*limits.fileSizeBytes) + " for a file";
}

const char* beneficiary(Refusal refusal) {
  switch (refusal) {
    case Refusal::toTheJob:
      return "to its job";
    case Refusal::toItsMessage:
      return "to the message that brought its job";
    case Refusal::betweenJobs:
    case Refusal::none:
      break;
  }
  return "to it between two jobs";
}

std::string refusalPhrase(Refusal refusal, const Limits& limits) {
  if (refusal == Refusal::none) return {};
  std::string text = std::string("memory had been refused ") + beneficiary(refusal);
  if (limits.addressSpaceBytes) {
    text += ", with a limit of " + inWords(*limits.addressSpaceBytes) + " of address space";
  }
  return text;
}

// The kernel counts by ticks what it limits and by the nanosecond what it reports. On a virtual
// machine that has to wait for its host the former runs ahead, so this is no proof.
bool cpuTimeIsUsedUp(const ResourceUse& use, const Limits& limits) {
  if (!limits.cpuTime) return false;
  const std::chrono::seconds hard(cpuSeconds(*limits.cpuTime) + kCpuGraceSeconds);
  return (use.userTime + use.systemTime) * 4 >= hard * 3;
}

// Whoever reads of a SIGKILL thinks of the pool first, and of memory next.
std::string strangerPhrase(const DeathEvidence& evidence, const Limits& limits) {
  if (!diedOf(evidence.status, SIGKILL)) return {};
  if (cpuTimeIsUsedUp(evidence.resources, limits)) {
    return "most likely it met " + cpuLimit(limits) + ", and did not die of SIGXCPU";
  }
  return "not by the pool, nor for want of memory as far as the kernel counts";
}

std::string startPhrase(const DeathEvidence& evidence, const Limits& limits) {
  if (!limits.addressSpaceBytes || !couldNotRun(evidence.status)) return {};
  return "its limit of " + inWords(*limits.addressSpaceBytes) +
         " of address space may be too small for the program";
}

}  // namespace

DeathReason deathReason(const DeathEvidence& evidence, const Limits& limits) {
  const bool starting = evidence.life == DeathEvidence::Life::starting;
  const bool unknown = std::holds_alternative<StatusUnknown>(evidence.status);
  const DeathCause served = unknown ? DeathCause::reaped : DeathCause::crash;
  const DeathCause plain = starting ? DeathCause::startup : served;
  if (evidence.lostDescriptor) {
    return {starting ? DeathCause::startup : DeathCause::damaged,
            "a job closed or replaced a descriptor of the worker's own" +
                (*evidence.lostDescriptor > 0
                     ? ", descriptor " + std::to_string(*evidence.lostDescriptor)
                     : std::string())};
  }
  const DeathCause memory = starting ? DeathCause::startup : DeathCause::memory;
  if (auto cpu = cpuPhrase(evidence, limits); !cpu.empty()) return {plain, std::move(cpu)};
  if (auto file = fileSizePhrase(evidence, limits); !file.empty()) return {plain, std::move(file)};
  if (evidence.oomKill) return {memory, *evidence.oomKill};
  if (evidence.refusal != Refusal::none) return {memory, refusalPhrase(evidence.refusal, limits)};
  // What a worker wrote before it could serve says more than a guess: see DeathRecord.
  return {plain, starting ? startPhrase(evidence, limits) : strangerPhrase(evidence, limits)};
}

}  // namespace phial::inline v1::detail
