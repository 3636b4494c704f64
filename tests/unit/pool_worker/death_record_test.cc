#include "master/worker/death_record.h"

#include <gtest/gtest.h>

#include <csignal>

namespace phial::detail {
namespace {

DeathEvidence endedBy(int signal) { return {.status = Signalled{signal}, .resources = {}}; }

DeathCertificate certificateOf(const DeathRecord& record) {
  DeathCertificate death;
  record.attest(death);
  return death;
}

TEST(DeathRecordTest, TheFirstCauseCounts) {
  DeathRecord record;
  record.blame(DeathCause::timeout, "its time was up");
  record.blame(DeathCause::protocol, "it spoke nonsense");
  record.exited(Signalled{SIGKILL});
  const auto death = certificateOf(record);
  EXPECT_EQ(death.cause, DeathCause::timeout);
  EXPECT_EQ(death.detail, "its time was up");
  EXPECT_EQ(death.status, ExitStatus(Signalled{SIGKILL}));
}

TEST(DeathRecordTest, AnEndThatNobodyHasCausedIsExplainedByItsEvidence) {
  const DeathRecord record;
  EXPECT_EQ(record.reasonOf(endedBy(SIGSEGV), {}).cause, DeathCause::crash);
  EXPECT_EQ(record.reasonOf({.status = StatusUnknown{}, .resources = {}}, {}).cause,
            DeathCause::reaped);
}

TEST(DeathRecordTest, ABrokenConversationExplainsWhatWouldBeACrash) {
  DeathRecord record;
  record.suspect("it broke off the conversation");
  const auto reason = record.reasonOf(endedBy(SIGABRT), {});
  EXPECT_EQ(reason.cause, DeathCause::protocol);
  EXPECT_EQ(reason.detail, "it broke off the conversation");
}

TEST(DeathRecordTest, ABetterReasonThanABrokenConversationStands) {
  DeathRecord record;
  record.suspect("it broke off the conversation");
  auto evidence = endedBy(SIGABRT);
  evidence.refusal = DeathEvidence::Refusal::toTheJob;
  EXPECT_EQ(record.reasonOf(evidence, {}).cause, DeathCause::memory);
  record.blame(DeathCause::cancel, "");
  EXPECT_EQ(certificateOf(record).detail, "") << "a suspicion is no detail of another cause";
}

TEST(DeathRecordTest, LastWordsSayWhyAWorkerDidNotGetReady) {
  DeathRecord record;
  record.blame(DeathCause::startup, "");
  record.hearLastWords("heard before its end");
  record.exited(Exited{69});
  record.hearLastWords("its onStart threw");
  record.hearLastWords("and something else");
  EXPECT_EQ(certificateOf(record).detail, "its onStart threw");
}

TEST(DeathRecordTest, LastWordsOfAWorkerThatServedChangeNothing) {
  DeathRecord record;
  record.blame(DeathCause::crash, "");
  record.exited(Signalled{SIGSEGV});
  record.hearLastWords("nonsense");
  EXPECT_EQ(certificateOf(record).detail, "");
}

TEST(DeathRecordTest, WhatThePoolWantedIsNotUnexpected) {
  for (const auto wanted : {DeathCause::recycle, DeathCause::shutdown}) {
    DeathRecord record;
    record.blame(wanted, "");
    EXPECT_FALSE(record.unexpected());
  }
  DeathRecord record;
  EXPECT_FALSE(record.unexpected()) << "nothing has happened";
  record.blame(DeathCause::startup, "");
  EXPECT_TRUE(record.unexpected());
}

TEST(DeathRecordTest, AProcessThatCannotBeEndedHasNoStatus) {
  DeathRecord record;
  record.blame(DeathCause::cancel, "");
  record.lose();
  const auto death = certificateOf(record);
  EXPECT_EQ(death.detail, "it could not be ended: this process may not signal it any more");
  EXPECT_EQ(death.status, ExitStatus(StatusUnknown{}));
}

}  // namespace
}  // namespace phial::detail
