#include "master/worker/death_reason.h"

#include <gtest/gtest.h>

#include <csignal>

namespace phial::detail {
namespace {

using std::chrono::seconds;
using Life = DeathEvidence::Life;
using Refusal = DeathEvidence::Refusal;

DeathEvidence killedBy(int signal) { return {.status = Signalled{signal}, .resources = {}}; }

void expectReason(const DeathEvidence& evidence, const Limits& limits, DeathCause cause,
                  const std::string& detail) {
  const auto reason = deathReason(evidence, limits);
  EXPECT_EQ(reason.cause, cause) << causeName(reason.cause);
  EXPECT_EQ(reason.detail, detail);
}

TEST(DeathReasonTest, AnEndWithoutMoreIsACrash) {
  const Limits all{.addressSpaceBytes = 1 << 30, .cpuTime = seconds(9), .fileSizeBytes = 1};
  for (const int signal : {SIGSEGV, SIGABRT, SIGTERM}) {
    expectReason(killedBy(signal), all, DeathCause::crash, "");
  }
  expectReason({.status = Exited{127}, .resources = {}}, all, DeathCause::crash, "");
}

TEST(DeathReasonTest, AnEndThatAnotherHasSeenIsUnknown) {
  expectReason({.status = StatusUnknown{}, .resources = {}}, {}, DeathCause::reaped, "");
}

TEST(DeathReasonTest, AStrangersSigkillIsSaidToBeOne) {
  expectReason(killedBy(SIGKILL), {}, DeathCause::crash,
               "not by the pool, nor for want of memory as far as the kernel counts");
}

TEST(DeathReasonTest, BeforeItServesAnEndIsAFailureToStart) {
  DeathEvidence evidence = killedBy(SIGSEGV);
  evidence.life = Life::starting;
  expectReason(evidence, {}, DeathCause::startup, "");
  expectReason(evidence, {.addressSpaceBytes = 3 << 19}, DeathCause::startup,
               "its limit of 1.5 MiB of address space may be too small for the program");
  evidence.status = Exited{127};
  expectReason(evidence, {.addressSpaceBytes = 4096}, DeathCause::startup,
               "its limit of 4096 bytes of address space may be too small for the program");
  // It has said itself what was the matter.
  evidence.status = Exited{69};
  expectReason(evidence, {.addressSpaceBytes = 3 << 19}, DeathCause::startup, "");
  evidence.status = Signalled{SIGKILL};
  evidence.oomKill = "the kernel did it";
  expectReason(evidence, {}, DeathCause::startup, "the kernel did it");
}

TEST(DeathReasonTest, RefusedMemoryIsToldFromACrash) {
  DeathEvidence evidence = killedBy(SIGABRT);
  evidence.refusal = Refusal::toTheJob;
  expectReason(evidence, {}, DeathCause::memory, "memory had been refused to its job");
  expectReason(evidence, {.addressSpaceBytes = 256 << 20}, DeathCause::memory,
               "memory had been refused to its job, with a limit of 256.0 MiB of address space");
  evidence.refusal = Refusal::toItsMessage;
  expectReason(evidence, {}, DeathCause::memory,
               "memory had been refused to the message that brought its job");
  evidence.refusal = Refusal::betweenJobs;
  expectReason(evidence, {}, DeathCause::memory, "memory had been refused to it between two jobs");
}

TEST(DeathReasonTest, TheKernelsKillerIsToldFromACrash) {
  DeathEvidence evidence = killedBy(SIGKILL);
  evidence.oomKill = "the kernel did it";
  expectReason(evidence, {}, DeathCause::memory, "the kernel did it");
}

TEST(DeathReasonTest, ProcessorTimeUsedUpIsNamed) {
  const Limits limits{.cpuTime = std::chrono::milliseconds(1500)};
  expectReason(killedBy(SIGXCPU), limits, DeathCause::crash,
               "it met its limit of 2 s of CPU time, which counts all its jobs");
  expectReason(killedBy(SIGXCPU), {}, DeathCause::crash, "");
}

TEST(DeathReasonTest, ASigkillAfterAboutThatTimeMostLikelyFollowsFromIt) {
  const Limits limits{.cpuTime = seconds(3)};
  DeathEvidence evidence = killedBy(SIGKILL);
  evidence.resources = {.userTime = seconds(2), .systemTime = seconds(1), .peakRssBytes = {}};
  expectReason(
      evidence, limits, DeathCause::crash,
      "most likely it met its limit of 3 s of CPU time, which counts all its jobs, and did "
      "not die of SIGXCPU");
  evidence.resources.systemTime = std::chrono::milliseconds(900);
  expectReason(evidence, limits, DeathCause::crash,
               "not by the pool, nor for want of memory as far as the kernel counts");
}

TEST(DeathReasonTest, AFileThatGrewTooLargeIsNamed) {
  expectReason(killedBy(SIGXFSZ), {.fileSizeBytes = 1000}, DeathCause::crash,
               "it met its limit of 1000 bytes for a file");
  expectReason(killedBy(SIGXFSZ), {}, DeathCause::crash, "");
}

}  // namespace
}  // namespace phial::detail
