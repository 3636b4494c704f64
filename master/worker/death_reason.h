// Why a worker ended that the pool had not ended: what its status says, and what else is known.
#pragma once

#include <phial/master/death_certificate.h>
#include <phial/master/limits.h>

#include <optional>
#include <string>

namespace phial::inline v1::detail {

struct DeathReason {
  DeathCause cause;
  /// For the certificate; may be empty.
  std::string detail;
};

struct DeathEvidence {
  enum class Life { starting, serving } life = Life::serving;
  ExitStatus status;
  ResourceUse resources;
  /// What the worker noted on its control page: that memory was refused to the job it was given, to
  /// that job's message before it was begun, or to other code while no job was under way.
  enum class Refusal { none, toTheJob, toItsMessage, betweenJobs } refusal = Refusal::none;
  /// What the worker says that a job has closed or replaced; empty when it says nothing.
  std::optional<int> lostDescriptor = {};
  /// What OomKills made of it; empty when it was not the kernel's doing.
  std::optional<std::string> oomKill = {};
};

/// The reason, for a worker that lived under `limits`.
DeathReason deathReason(const DeathEvidence& evidence, const Limits& limits);

}  // namespace phial::inline v1::detail
