// What a pool and its workers have to say, and what they keep to themselves.
#include <event2/event.h>
#include <poll.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "log_jobs.h"
#include "pool_fixture.h"

namespace phial {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

struct Record {
  LogLevel level;
  std::string pool;
  std::uint64_t worker;
  std::string text;
};

// Looks in every turn of the loop how many records have come since the last.
class Probe {
 public:
  Probe(Reactor& reactor, const std::vector<Record>& records)
      : reactor_(reactor), records_(records) {
    lookNextTurn();
  }
  ~Probe() { next_.cancel(); }
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  /// The most in one turn.
  std::size_t most() const { return most_; }

 private:
  void lookNextTurn() {
    next_ = reactor_.callLater(Duration::zero(), [this] {
      most_ = std::max(most_, records_.size() - before_);
      before_ = records_.size();
      lookNextTurn();
    });
  }

  Reactor& reactor_;
  const std::vector<Record>& records_;
  std::size_t before_ = 0;
  std::size_t most_ = 0;
  DelayedCall next_;
};

class PoolLogTest : public PoolTest {
 protected:
  /// Makes a pool whose records are kept.
  ProcessPool& makeLoggedPool(PoolOptions options) {
    options.onLog = [this](const LogRecord& r) {
      records_.push_back({r.level, std::string(r.pool), r.worker, std::string(r.text)});
    };
    return makePool(std::move(options));
  }
  std::vector<std::string> textsOf(LogLevel level) const {
    std::vector<std::string> texts;
    for (const auto& record : records_) {
      if (record.level == level) texts.push_back(record.text);
    }
    return texts;
  }
  /// Runs `program` in a forked child and returns the status that it exits with.
  template <class Program>
  int statusOf(Program program) {
    reactor_.reset();  // a thread has one
    const pid_t child = ::fork();
    // Without the sanitizers' own reports, which would wait for the stderr that nobody reads.
    if (child == 0) ::_exit(program());
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  std::vector<Record> records_;
};

TEST_F(PoolLogTest, EachLineNamesItsPoolAndItsWorker) {
  auto& pool = makeLoggedPool({.name = "render", .max = 1});
  valueOf(pool.deferToProcess<log_jobs::print>(2));
  runUntil([&] { return textsOf(LogLevel::info).size() == 2; });
  for (const auto& record : records_) {
    EXPECT_EQ(record.pool, "render");
    EXPECT_EQ(record.worker, 1U) << record.text;
  }
  EXPECT_THAT(textsOf(LogLevel::info), ::testing::ElementsAre("i0", "i1"));
}

TEST_F(PoolLogTest, AFloodIsHandledInSharesAndLosesNothing) {
  constexpr int kLines = 100'000;
  auto& pool = makeLoggedPool({.max = 1});
  const Probe probe(*reactor_, records_);
  valueOf(pool.deferToProcess<log_jobs::print>(kLines));
  runUntil([&] { return textsOf(LogLevel::info).size() == kLines; });
  // A probe may run after the reader in one turn and before it in the next; two streams.
  EXPECT_LE(probe.most(), 1100U);
  EXPECT_EQ(textsOf(LogLevel::info).back(), "i" + std::to_string((kLines - 1) % 100));
}

TEST_F(PoolLogTest, WhatADyingWorkerHasPrintedIsReadInSharesBeforeItsDeathIsTold) {
  auto& pool = makeLoggedPool({.max = 1});
  const Probe probe(*reactor_, records_);
  EXPECT_TRUE(
      failureOf(pool.deferToProcess<log_jobs::printToStderrAndAbort>(20'000)).check<WorkerDied>());
  EXPECT_LE(probe.most(), 1100U);
  const auto lines = textsOf(LogLevel::info);
  EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                          [](const auto& line) { return line.starts_with("line "); }),
            20'000);
}

TEST_F(PoolLogTest, ADeathIsOneRecordOfOneLine) {
  auto& pool = makeLoggedPool({.max = 1});
  const pid_t pid = valueOf(pool.deferToProcess<jobs::whoAmI>());
  failureOf(pool.deferToProcess<jobs::complainAndAbort>("last words"));
  const auto warnings = textsOf(LogLevel::warning);
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_THAT(warnings[0], HasSubstr("(pid " + std::to_string(pid) + ") killed by SIGABRT"));
  EXPECT_THAT(warnings[0], HasSubstr("cause: it crashed"));
  EXPECT_THAT(warnings[0], Not(HasSubstr("\n")));
}

TEST_F(PoolLogTest, ACrashLoopIsLimitedAndCounted) {
  constexpr int kDeaths = 60;
  auto& pool = makeLoggedPool({.max = 1, .restart = {.longestCrashPause = Duration::zero()}});
  for (int i = 0; i < kDeaths; ++i) failureOf(pool.deferToProcess<jobs::dieOf>(SIGKILL));
  pool_.reset();
  std::size_t told = 0;
  for (const auto& text : textsOf(LogLevel::warning)) {
    const bool one = text.starts_with("worker ");
    told += one ? 1 : std::stoul(text);
  }
  EXPECT_EQ(told, std::size_t{kDeaths});
}

TEST_F(PoolLogTest, TheLogFunctionMayDestroyThePoolAtALine) {
  auto& pool = makePool({.max = 1, .onLog = [this](const LogRecord& record) {
                           if (record.text == "i3") pool_.reset();
                         }});
  EXPECT_TRUE(failureOf(pool.deferToProcess<log_jobs::printAndWait>(10)).check<PoolStopped>());
}

TEST_F(PoolLogTest, TheLogFunctionMayDestroyThePoolAtADyingWorkersLine) {
  auto& pool = makePool({.max = 1, .onLog = [this](const LogRecord& record) {
                           if (record.text == "line 9999") pool_.reset();
                         }});
  EXPECT_FALSE(await(pool.deferToProcess<log_jobs::printToStderrAndAbort>(10'000)).ok());
  EXPECT_EQ(pool_, nullptr);
}

TEST_F(PoolLogTest, TheLogFunctionMayDestroyThePoolAtADeath) {
  auto& pool = makePool({.max = 1, .onLog = [this](const LogRecord& record) {
                           if (record.level == LogLevel::warning) pool_.reset();
                         }});
  EXPECT_TRUE(failureOf(pool.deferToProcess<jobs::dieOf>(SIGKILL)).check<WorkerDied>());
  EXPECT_EQ(pool_, nullptr);
}

TEST_F(PoolLogTest, ALogFunctionThatThrowsHarmsNobody) {
  auto& pool = makePool({.max = 1, .onLog = [](const LogRecord& record) {
                           if (record.text == "i0") throw std::runtime_error("disk full");
                         }});
  valueOf(pool.deferToProcess<log_jobs::print>(1));
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::add>(1, 2)), 3);
}

TEST_F(PoolLogTest, AProgramThatEndsWithoutStopAndLostNothingIsQuiet) {
  auto& pool = makeLoggedPool({.min = 2, .max = 2});
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::add>(1, 2)), 3);
  pool_.reset();
  EXPECT_TRUE(textsOf(LogLevel::info).empty());
  EXPECT_TRUE(textsOf(LogLevel::warning).empty());
  EXPECT_TRUE(textsOf(LogLevel::error).empty());
}

TEST_F(PoolLogTest, ACertificateQuotesTheFirstLinesOfAReportAndTheLast) {
  auto& pool = makeLoggedPool({.max = 1});
  const Failure failure = failureOf(pool.deferToProcess<log_jobs::printToStderrAndAbort>(500));
  ASSERT_TRUE(failure.check<WorkerDied>());
  const auto& death = failure.as<WorkerDied>()->certificate();
  ASSERT_EQ(death.stderrHead.size(), 20U);
  EXPECT_EQ(death.stderrHead.front(), "line 0");
  EXPECT_GE(death.stderrLeftOut, 460U);
  EXPECT_EQ(death.stderrTail.size(), 20U);
}

TEST_F(PoolLogTest, AMessageIsOneLineForAClientAndTheDescriptionHasTheStory) {
  auto& pool = makeLoggedPool({.max = 1});
  const std::string pid = std::to_string(valueOf(pool.deferToProcess<jobs::whoAmI>()));
  const Failure failure = failureOf(pool.deferToProcess<jobs::complainAndAbort>("the secret"));
  EXPECT_EQ(failure.message(), "jobs::complainAndAbort: its worker was killed by SIGABRT");
  EXPECT_THAT(failure.describe(), StartsWith("phial::WorkerDied: worker 1 (pid " + pid + ")"));
  EXPECT_THAT(failure.describe(), HasSubstr("the secret"));
}

TEST_F(PoolLogTest, ProcessListsTellWorkersFromTheirMaster) {
  auto& pool = makeLoggedPool({.name = "render", .min = 1, .max = 1});
  valueOf(pool.start());
  const std::string folder = "/proc/" + std::to_string(pool.workers().front().pid);
  std::string name;
  std::getline(std::ifstream(folder + "/comm"), name);
  EXPECT_EQ(name, "render/1");
  std::string commandLine;
  std::getline(std::ifstream(folder + "/cmdline"), commandLine, '\0');
  EXPECT_THAT(commandLine, StartsWith("phial worker 1 of pool render: /"));
}

// Nobody reads the program's stderr, and its pipe is full from the first line on. A turn of the
// loop that waited for it would wait for ever: the child would not end.
TEST_F(PoolLogTest, ADefaultLogThatNobodyReadsStopsNothing) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const int status = statusOf([&] {
    ::dup2(ends[1], STDERR_FILENO);
    Reactor reactor;
    ProcessPool pool(reactor, {.max = 1});
    int answer = 0;
    pool.deferToProcess<log_jobs::print>(100'000)
        .addCallback([&](int) { return pool.deferToProcess<jobs::add>(3, 4); })
        .addCallback([&](int sum) { answer = sum; })
        .addBoth([&](auto&&) { return pool.stop(); })
        .addBoth([&](auto&&) { reactor.stop(); });
    reactor.run();
    return answer;
  });
  EXPECT_EQ(status, 7);
  std::array<char, 128> first{};
  EXPECT_GT(::read(ends[0], first.data(), first.size() - 1), 0);
  EXPECT_THAT(first.data(), HasSubstr("info [pool pool, worker 1] i0\n"));
  for (const int fd : ends) ::close(fd);
}

TEST_F(PoolLogTest, TheDefaultLogIsWrittenToItsEndBeforeTheProgramEnds) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[1]);
    for (int i = 0; i < 5000; ++i) {
      logToStderr({.level = LogLevel::info, .text = std::to_string(i)});
    }
    std::exit(0);
  }
  ::close(ends[1]);
  std::string text;
  std::array<char, 4096> buffer;
  for (ssize_t n = 0; (n = ::read(ends[0], buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
  std::size_t lines = 0;
  const std::string mark = " info [phial] ";
  for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) ++lines;
  EXPECT_EQ(lines, 5000U);
  EXPECT_THAT(text, HasSubstr("] 4999\n"));
  EXPECT_EQ(::waitpid(child, nullptr, 0), child);
  ::close(ends[0]);
}

// As a daemon does, before anything else. libevent's pipe for signals then gets number 2.
TEST_F(PoolLogTest, WhereStderrWasClosedNothingIsWrittenToWhoeverHasItsNumber) {
#ifdef PHIAL_THREAD_SANITIZER
  GTEST_SKIP() << "ThreadSanitizer knows no thread of a forked child";
#endif
  const int status = statusOf([] {
    for (const int fd : {0, 1, 2}) ::close(fd);
    Reactor reactor;
    int caught = 0;
    std::vector<event*> watches;
    for (const int signal : {SIGUSR1, SIGUSR2, SIGHUP, SIGTERM}) {
      watches.push_back(evsignal_new(
          reactor.base(), signal,
          [](evutil_socket_t, short, void* count) { ++*static_cast<int*>(count); }, &caught));
      event_add(watches.back(), nullptr);
    }
    ProcessPool pool(reactor, {.max = 1});
    int answer = 0;
    pool.deferToProcess<log_jobs::print>(1000)
        .addCallback([&](int) { return pool.deferToProcess<jobs::add>(3, 4); })
        .addCallback([&](int sum) { answer = sum; })
        .addBoth([&](auto&&) { return pool.stop(); })
        .addBoth([&](auto&&) { reactor.stop(); });
    reactor.run();
    for (event* watch : watches) event_free(watch);
    return caught == 0 ? answer : 1;
  });
  EXPECT_EQ(status, 7);
}

}  // namespace
}  // namespace phial
