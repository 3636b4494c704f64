#include <gtest/gtest.h>
#include <phial/master/errors.h>

#include <csignal>
#include <string>

#include "master/worker/death_report.h"

namespace phial {
namespace {

using std::chrono::milliseconds;

DeathCertificate crashInAJob() {
  DeathCertificate death;
  death.worker = 3;
  death.pid = 4711;
  death.status = Signalled{SIGSEGV, Signalled::Core::dumped};
  death.cause = DeathCause::crash;
  death.phase = Phase::running;
  death.job = 17;
  death.begun = DeathCertificate::Begun::yes;
  death.function = "geometry::area";
  death.label = "the big one";
  death.jobsServed = 5;
  death.uptime = milliseconds(12345);
  death.resources = {
      .userTime = milliseconds(1500), .systemTime = milliseconds(250), .peakRssBytes = 3 << 19};
  death.stderrTail = {"first line", "last line"};
  return death;
}

TEST(DeathCertificateTest, NamesTheElementThatTheJobWasAt) {
  auto death = crashInAJob();
  death.element = 99;
  EXPECT_EQ(death.summary(),
            "worker 3 (pid 4711) killed by SIGSEGV (core dumped) while running job 17, "
            "geometry::area \"the big one\" at element 99");
}

TEST(DeathCertificateTest, TellsWhatHappenedThenTheCircumstancesThenStderr) {
  EXPECT_EQ(crashInAJob().describe(),
            "worker 3 (pid 4711) killed by SIGSEGV (core dumped) while running job 17, "
            "geometry::area \"the big one\"\n"
            "  cause: it crashed\n"
            "  jobs served: 5, up 12.345 s, CPU 1.750 s, peak memory 1.5 MiB\n"
            "  last lines on stderr:\n"
            "    first line\n"
            "    last line");
}

TEST(DeathCertificateTest, AWantOfMemoryReadsAsOne) {
  DeathCertificate death = crashInAJob();
  death.status = Signalled{SIGABRT};
  death.cause = DeathCause::memory;
  death.detail = "memory had been refused to its job, with a limit of 256.0 MiB of address space";
  death.stderrTail.clear();
  EXPECT_EQ(
      death.describe(),
      "worker 3 (pid 4711) killed by SIGABRT while running job 17, geometry::area \"the big "
      "one\": memory had been refused to its job, with a limit of 256.0 MiB of address space\n"
      "  cause: it ran out of memory\n"
      "  jobs served: 5, up 12.345 s, CPU 1.750 s, peak memory 1.5 MiB");
}

TEST(DeathCertificateTest, LeavesOutWhatIsNotKnown) {
  DeathCertificate death = crashInAJob();
  death.label.clear();
  death.resources.peakRssBytes.reset();
  death.stderrTail.clear();
  death.status = StatusUnknown{};
  EXPECT_EQ(death.describe(),
            "worker 3 (pid 4711) ended, status unknown while running job 17, geometry::area\n"
            "  cause: it crashed\n"
            "  jobs served: 5, up 12.345 s, CPU 1.750 s");
}

TEST(DeathCertificateTest, AProgramThatCouldNotBeSpawnedHasNoProcessToTellOf) {
  DeathCertificate death;
  death.worker = 1;
  death.cause = DeathCause::startup;
  death.detail = "cannot start a process: execve /no/such: No such file or directory";
  EXPECT_EQ(death.describe(),
            "worker 1 could not be spawned while starting: cannot start a process: execve "
            "/no/such: No such file or directory\n"
            "  cause: it did not get ready");
}

TEST(DeathCertificateTest, AJobThatHadNotBegunIsNotBlamed) {
  DeathCertificate death = crashInAJob();
  death.begun = DeathCertificate::Begun::no;
  death.phase = Phase::idle;
  EXPECT_EQ(death.summary(),
            "worker 3 (pid 4711) killed by SIGSEGV (core dumped) before it took up job 17, "
            "geometry::area \"the big one\"");
}

TEST(DeathCertificateTest, AnIdleWorkerDiesWithoutAJob) {
  DeathCertificate death = crashInAJob();
  death.job = 0;
  death.phase = Phase::idle;
  death.status = Exited{9};
  EXPECT_EQ(death.summary(), "worker 3 (pid 4711) exited with status 9 while idle");
}

TEST(DeathCertificateTest, APhaseThatTheWorkerMadeUpIsUnknown) {
  DeathCertificate death = crashInAJob();
  death.job = 0;
  death.phase = static_cast<Phase>(4711);
  EXPECT_EQ(death.summary(), "worker 3 (pid 4711) killed by SIGSEGV (core dumped) while unknown");
}

TEST(DeathCertificateTest, SummaryIsTheFirstLineWithTheDetail) {
  DeathCertificate death = crashInAJob();
  death.cause = DeathCause::timeout;
  death.detail = "its job ran longer than 2 s";
  EXPECT_EQ(death.summary() + "\n  cause: the pool ended it: its job ran longer than its timeout",
            death.describe().substr(0, death.describe().find("\n  jobs served")));
  EXPECT_TRUE(death.summary().ends_with(": its job ran longer than 2 s"));
}

TEST(DeathCertificateTest, EachCauseHasItsName) {
  EXPECT_STREQ(causeName(DeathCause::crash), "crash");
  EXPECT_STREQ(causeName(DeathCause::memory), "memory");
  EXPECT_STREQ(causeName(DeathCause::timeout), "timeout");
  EXPECT_STREQ(causeName(DeathCause::deadline), "deadline");
  EXPECT_STREQ(causeName(DeathCause::cancel), "cancel");
  EXPECT_STREQ(causeName(DeathCause::recycle), "recycle");
  EXPECT_STREQ(causeName(DeathCause::shutdown), "shutdown");
  EXPECT_STREQ(causeName(DeathCause::protocol), "protocol");
  EXPECT_STREQ(causeName(DeathCause::startup), "startup");
  EXPECT_STREQ(causeName(DeathCause::reaped), "reaped");
  EXPECT_STREQ(causeName(DeathCause::killed), "killed");
}

TEST(DeathCertificateTest, QuotesTheFirstLinesTooWhenThereWereMany) {
  DeathCertificate death = crashInAJob();
  death.stderrHead = {"==1==ERROR: AddressSanitizer", "frame 0"};
  death.stderrLeftOut = 1234;
  EXPECT_TRUE(
      death.describe().ends_with("\n  first lines on stderr:\n"
                                 "    ==1==ERROR: AddressSanitizer\n"
                                 "    frame 0\n"
                                 "  1234 lines left out\n"
                                 "  last lines on stderr:\n"
                                 "    first line\n"
                                 "    last line"));
}

TEST(DeathCertificateTest, InTheLogItIsOneLineWithoutTheWorkersOwn) {
  EXPECT_EQ(detail::report(crashInAJob()),
            "worker 3 (pid 4711) killed by SIGSEGV (core dumped) while running job 17, "
            "geometry::area \"the big one\" | cause: it crashed | jobs served: 5, up 12.345 s, "
            "CPU 1.750 s, peak memory 1.5 MiB");
}

TEST(DeathCertificateTest, ErrorsSayToAClientWhatHappenedAndTellThePeopleAll) {
  const WorkerDied died(crashInAJob());
  EXPECT_EQ(died.certificate().pid, 4711);
  EXPECT_STREQ(died.what(), "geometry::area: its worker was killed by SIGSEGV (core dumped)");
  EXPECT_EQ(died.describe(), crashInAJob().describe());
  const PoisonJob poison({crashInAJob(), crashInAJob()});
  EXPECT_EQ(poison.certificates().size(), 2U);
  EXPECT_STREQ(poison.what(),
               "each of the 2 workers that the job ran in died; the last time geometry::area: its "
               "worker was killed by SIGSEGV (core dumped)");
  EXPECT_EQ(poison.describe(), std::string(poison.what()) + "\n" + crashInAJob().describe() + "\n" +
                                   crashInAJob().describe());
}

TEST(DeathCertificateTest, AMessageForAClientHasNoProcessIdPathOrOutput) {
  DeathCertificate death = crashInAJob();
  death.detail = "execve /opt/secret/bin: \nPermission denied (pid 4711)";
  for (const auto cause :
       {DeathCause::crash, DeathCause::memory, DeathCause::timeout, DeathCause::softTimeout,
        DeathCause::deadline, DeathCause::cancel, DeathCause::recycle, DeathCause::shutdown,
        DeathCause::protocol, DeathCause::startup, DeathCause::reaped}) {
    death.cause = cause;
    for (const auto& text : {death.message(), std::string(StartupFailed(death).what()),
                             std::string(SoftTimeoutExceeded(death).what())}) {
      EXPECT_FALSE(text.empty());
      for (const char* unfit : {"4711", "/", "\n", "first line"}) {
        EXPECT_EQ(text.find(unfit), std::string::npos) << text;
      }
    }
  }
}

}  // namespace
}  // namespace phial
