// What a failure says, before and after its trip to a program that is farther away than a worker.
#include <phial/protocol/failure_report.h>

#include <capnp/message.h>
#include <gtest/gtest.h>
#include <phial/protocol/death_error.h>

#include <csignal>
#include <future>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

namespace phial {
namespace {

DeathCertificate fullCertificate() {
  DeathCertificate death;
  death.worker = 3;
  death.pid = 4711;
  death.status = Signalled{SIGSEGV, Signalled::Core::dumped};
  death.cause = DeathCause::timeout;
  death.phase = Phase::encoding;
  death.job = 17;
  death.begun = DeathCertificate::Begun::yes;
  death.function = "geometry::area";
  death.label = std::string("a label with a \0 in it", 22);
  death.progress = 0.25;
  death.element = 99;
  death.jobsServed = 5;
  death.uptime = std::chrono::nanoseconds(12'345'678'901);
  death.resources = {.userTime = std::chrono::microseconds(1500),
                     .systemTime = std::chrono::microseconds(250),
                     .peakRssBytes = 3 << 19};
  death.stderrTail = {"", "last line"};
  death.stderrHead = {"==1==ERROR"};
  death.stderrLeftOut = 1234;
  death.traceback = {"SIGSEGV at 0x10", "geometry::area(double)"};
  death.detail = "what else is known";
  return death;
}

DeathCertificate afterTheTrip(const DeathCertificate& death) {
  capnp::MallocMessageBuilder message;
  detail::writeCertificate(death, message.initRoot<schema::DeathCertificate>());
  return detail::readCertificate(message.getRoot<schema::DeathCertificate>().asReader());
}

Failure afterTheTrip(const Failure& failure) {
  capnp::MallocMessageBuilder message;
  detail::writeReport(failure, message.initRoot<schema::Report>());
  EXPECT_LE(message.sizeInWords(), detail::reportWords(failure));
  return detail::readReport(message.getRoot<schema::Report>().asReader());
}

TEST(FailureReportTest, ACertificateArrivesWhole) {
  const DeathCertificate death = fullCertificate();
  const DeathCertificate read = afterTheTrip(death);
  EXPECT_EQ(read.worker, death.worker);
  EXPECT_EQ(read.pid, death.pid);
  EXPECT_EQ(read.status, death.status);
  EXPECT_EQ(read.cause, death.cause);
  EXPECT_EQ(read.phase, death.phase);
  EXPECT_EQ(read.job, death.job);
  EXPECT_EQ(read.begun, death.begun);
  EXPECT_EQ(read.function, death.function);
  EXPECT_EQ(read.label, death.label);
  EXPECT_EQ(read.progress, death.progress);
  EXPECT_EQ(read.element, death.element);
  EXPECT_EQ(read.jobsServed, death.jobsServed);
  EXPECT_EQ(read.uptime, death.uptime);
  EXPECT_EQ(read.resources.userTime, death.resources.userTime);
  EXPECT_EQ(read.resources.systemTime, death.resources.systemTime);
  EXPECT_EQ(read.resources.peakRssBytes, death.resources.peakRssBytes);
  EXPECT_EQ(read.stderrTail, death.stderrTail);
  EXPECT_EQ(read.stderrHead, death.stderrHead);
  EXPECT_EQ(read.stderrLeftOut, death.stderrLeftOut);
  EXPECT_EQ(read.traceback, death.traceback);
  EXPECT_EQ(read.detail, death.detail);
  EXPECT_EQ(read.describe(), death.describe());
}

TEST(FailureReportTest, WhatACertificateLeavesOpenStaysOpen) {
  const DeathCertificate read = afterTheTrip(DeathCertificate());
  EXPECT_EQ(read.status, ExitStatus(StatusUnknown{}));
  EXPECT_EQ(read.begun, DeathCertificate::Begun::no);
  EXPECT_EQ(read.progress, std::nullopt);
  EXPECT_EQ(read.element, std::nullopt);
  EXPECT_EQ(read.resources.peakRssBytes, std::nullopt);
  DeathCertificate exited;
  exited.status = Exited{255};
  EXPECT_EQ(afterTheTrip(exited).status, exited.status);
}

TEST(FailureReportTest, EachCauseAndPhaseKeepsItsName) {
  for (int cause = 0; cause <= static_cast<int>(DeathCause::killed); ++cause) {
    DeathCertificate death;
    death.cause = static_cast<DeathCause>(cause);
    EXPECT_STREQ(causeName(afterTheTrip(death).cause), causeName(death.cause));
  }
  for (std::uint32_t phase = 0; phase <= static_cast<std::uint32_t>(Phase::stopping); ++phase) {
    DeathCertificate death;
    death.phase = static_cast<Phase>(phase);
    EXPECT_STREQ(phaseName(afterTheTrip(death).phase), phaseName(death.phase));
  }
}

TEST(FailureReportTest, WhatANewerPhialSaysIsNamedByItsNumber) {
  capnp::MallocMessageBuilder message;
  auto death = message.initRoot<schema::DeathCertificate>();
  death.setCause(static_cast<schema::DeathCertificate::Cause>(77));
  death.setPhase(static_cast<schema::DeathCertificate::Phase>(78));
  death.setDetail("known");
  const auto read = detail::readCertificate(death.asReader());
  EXPECT_EQ(read.cause, DeathCause::reaped);
  EXPECT_EQ(read.phase, Phase::idle);
  EXPECT_EQ(read.detail, "known; cause 77 of a newer Phial; phase 78 of a newer Phial");
}

template <class E>
void expectWhole(const E& error) {
  const Failure sent{error};
  const Failure read = afterTheTrip(sent);
  SCOPED_TRACE(sent.type());
  EXPECT_EQ(read.type(), sent.type());
  EXPECT_EQ(read.message(), sent.message());
  EXPECT_EQ(read.kind(), sent.kind());
  EXPECT_EQ(read.fromJob(), false);
  EXPECT_EQ(read.mayHaveRun(), sent.mayHaveRun());
  EXPECT_TRUE(read.check<E>());
  EXPECT_THROW(read.rethrow(), E);
  ASSERT_EQ(read.certificate() != nullptr, sent.certificate() != nullptr);
  if (sent.certificate() != nullptr) {
    EXPECT_EQ(read.certificate()->describe(), sent.certificate()->describe());
  }
}

TEST(FailureReportTest, EveryErrorOfPhialsArrivesAsItself) {
  const auto death = fullCertificate();
  expectWhole(CancelledError("by its caller"));
  expectWhole(TimeoutError("1 s passed"));
  expectWhole(DeadlineExceeded("the deadline passed"));
  expectWhole(UnknownFunction("no f here"));
  expectWhole(QueueFull("10 jobs"));
  expectWhole(PoolStopped("over"));
  expectWhole(ReactorStopped());
  expectWhole(EncodingError("300 is no int8"));
  expectWhole(ProtocolError("it broke the protocol"));
  expectWhole(WorkerDied(death));
  expectWhole(JobTimedOut("longer than 2 s", death));
  expectWhole(SoftTimeoutExceeded(death));
  expectWhole(StartupFailed(death));
  expectWhole(PoisonJob({death, death, death}));
}

TEST(FailureReportTest, APoisonJobKeepsTheCertificateOfEachDeath) {
  auto second = fullCertificate();
  second.worker = 4;
  const Failure read = afterTheTrip(Failure(PoisonJob({fullCertificate(), second})));
  ASSERT_NE(read.as<PoisonJob>(), nullptr);
  ASSERT_EQ(read.as<PoisonJob>()->certificates().size(), 2U);
  EXPECT_EQ(read.as<PoisonJob>()->certificates()[0].worker, 3U);
  EXPECT_EQ(read.as<PoisonJob>()->certificates()[1].worker, 4U);
}

TEST(FailureReportTest, AProtocolErrorsStoryArrives) {
  const Failure read = afterTheTrip(Failure(ProtocolError("one line", "the whole\nstory")));
  EXPECT_EQ(read.message(), "one line");
  EXPECT_EQ(read.as<ProtocolError>()->describe(), "the whole\nstory");
}

TEST(FailureReportTest, WhetherTheFunctionRanAndWhichElementItWasArrive) {
  const Failure stopped = Failure(PoolStopped("over")).neverRun().atIndex(7);
  EXPECT_FALSE(afterTheTrip(stopped).mayHaveRun());
  EXPECT_EQ(afterTheTrip(stopped).index(), 7U);
  EXPECT_TRUE(afterTheTrip(Failure(PoolStopped("over"))).mayHaveRun());
  EXPECT_EQ(afterTheTrip(Failure(PoolStopped("over"))).index(), std::nullopt);
}

TEST(FailureReportTest, AProgramsExceptionArrivesAsFromAWorker) {
  const Failure sent = Failure::remote({.types = {"my::Error", "std::runtime_error"},
                                        .message = "text",
                                        .traceback = "frame",
                                        .fromJob = true});
  const Failure read = afterTheTrip(sent);
  EXPECT_EQ(read.type(), "my::Error");
  EXPECT_TRUE(read.fromJob());
  EXPECT_TRUE(read.check("std::runtime_error"));
  EXPECT_EQ(read.message(), "text");
  const Failure code =
      afterTheTrip(Failure(std::system_error(ENOENT, std::generic_category(), "opening the book")));
  EXPECT_EQ(code.code()->value, ENOENT);
}

TEST(FailureReportTest, WhatAJobThrowsIsNoReportOfPhials) {
  const Failure thrown = Failure::remote({.types = {"phial::QueueFull", "phial::Error"},
                                          .message = "thrown by the function",
                                          .fromJob = true});
  const Failure read = afterTheTrip(thrown);
  EXPECT_TRUE(read.fromJob());
  EXPECT_FALSE(read.check<QueueFull>());
  EXPECT_EQ(read.kind(), FailureKind::raised);
}

TEST(FailureReportTest, AnErrorOfANewerPhialKeepsTypeAndText) {
  capnp::MallocMessageBuilder message;
  auto report = message.initRoot<schema::Report>();
  detail::writeReport(Failure(QueueFull("later")), report);
  report.setError(static_cast<schema::Report::Error>(99));
  report.getFailure().initTypes(1).set(0, "phial::Unheard");
  const Failure read = detail::readReport(report.asReader());
  EXPECT_EQ(read.type(), "phial::Unheard");
  EXPECT_EQ(read.message(), "later");
}

TEST(FailureReportTest, ADeathWithoutItsCertificateIsAnEncodingError) {
  capnp::MallocMessageBuilder message;
  auto report = message.initRoot<schema::Report>();
  report.setError(schema::Report::Error::WORKER_DIED);
  EXPECT_TRUE(detail::readReport(report.asReader()).check<EncodingError>());
}

}  // namespace
}  // namespace phial
