// Hosts that have too little: descriptors, processes, file sizes.
#include <kj/io.h>
#include <sys/resource.h>

#include <cerrno>
#include <optional>
#include <system_error>
#include <vector>

#include "host_jobs.h"
#include "in_child.h"
#include "tests/integration/pool/pool_fixture.h"

namespace phial {
namespace {

using ::testing::HasSubstr;

/// Sets a soft limit of this process's, and puts the old one back.
class SoftLimit {
 public:
  SoftLimit(__rlimit_resource resource, rlim_t most) : resource_(resource) {
    ::getrlimit(resource_, &before_);
    set(most);
  }
  ~SoftLimit() { set(before_.rlim_cur); }
  SoftLimit(const SoftLimit&) = delete;
  SoftLimit& operator=(const SoftLimit&) = delete;
  void set(rlim_t most) const {
    const rlimit limit{most, before_.rlim_max};
    ASSERT_EQ(::setrlimit(resource_, &limit), 0);
  }

 private:
  const __rlimit_resource resource_;
  rlimit before_{};
};

/// Takes all descriptors of this process's but `room`, until it is destroyed.
class FewDescriptors {
 public:
  explicit FewDescriptors(std::size_t room) : limit_(RLIMIT_NOFILE, 256) {
    // UndefinedBehaviorSanitizer looks at each type once, and needs descriptors for it.
    for (const auto* category : {&std::generic_category(), &std::system_category()}) {
      static_cast<void>(std::error_code(EMFILE, *category).message());
    }
    for (int fd; (fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;) taken_.emplace_back(fd);
    giveBack(room);
  }
  void giveBack(std::size_t count) { taken_.resize(taken_.size() - count); }

 private:
  const SoftLimit limit_;
  std::vector<kj::AutoCloseFd> taken_;
};

class HostShortageTest : public PoolTest {
 protected:
  /// How many of `count` jobs, submitted at once, succeed.
  int succeedingOf(ProcessPool& pool, int count) {
    int succeeded = 0;
    int ended = 0;
    for (int i = 0; i < count; ++i) {
      pool.deferToProcess<host::addOne>(i).addBoth([&](Outcome<int> outcome) {
        succeeded += outcome.ok() ? 1 : 0;
        ++ended;
      });
    }
    runUntil([&] { return ended == count; });
    return succeeded;
  }
};

TEST_F(HostShortageTest, AWorkerCostsTheMasterEightDescriptors) {
  auto& pool = makePool({.min = 2, .max = 6});
  valueOf(pool.start());
  const std::size_t withTwo = openDescriptors();
  valueOf(pool.adjustPoolSize(6, 6));
  EXPECT_EQ(openDescriptors() - withTwo, 4U * 8U);
}

TEST_F(HostShortageTest, NinetySixWorkersFitIntoTheUsualLimit) {
#ifdef PHIAL_ADDRESS_SANITIZER
  constexpr std::size_t kWorkers = 24;  // each takes a fifth of a second to start
  const SoftLimit limit(RLIMIT_NOFILE, 256);
#else
  constexpr std::size_t kWorkers = 96;
  const SoftLimit limit(RLIMIT_NOFILE, 1024);
#endif
  auto& pool = makePool({.min = kWorkers, .max = kWorkers});
  valueOf(pool.start());
  EXPECT_EQ(pool.stats().workers, kWorkers);
  EXPECT_EQ(succeedingOf(pool, 200), 200);
  EXPECT_EQ(pool.stats().deaths, 0U);
}

TEST_F(HostShortageTest, JobsRunOnTheWorkersThatFit) {
  for (const std::size_t room : {32, 40, 48, 64}) {
    const FewDescriptors few(room);
    auto& pool = makePool({.min = 0, .max = 16});
    EXPECT_EQ(succeedingOf(pool, 100), 100) << "room for " << room << " descriptors";
    EXPECT_GE(pool.stats().workers, 1U);
    EXPECT_LT(pool.stats().workers, 16U);
    EXPECT_EQ(pool.stats().deaths, 0U);
    valueOf(pool.stop());
    pool_.reset();
  }
  EXPECT_THAT(log_.str(), HasSubstr("Too many open files"));
}

TEST_F(HostShortageTest, TheQueueFailsWhenNoWorkerHasEverFitted) {
  FewDescriptors few(3);  // one pipe fits
  auto& pool = makePool({.min = 1, .max = 2});
  const Failure failure = failureOf(pool.deferToProcess<host::addOne>(1));
  EXPECT_TRUE(failure.check<StartupFailed>()) << failure.message();
  EXPECT_THAT(failure.describe(), HasSubstr("Too many open files"));
  EXPECT_FALSE(await(pool.start()).ok());
  few.giveBack(100);
  EXPECT_EQ(valueOf(pool.deferToProcess<host::addOne>(1)), 2) << "no refusal outlasts a shortage";
}

TEST_F(HostShortageTest, JobsWaitWhileAShortageLasts) {
  auto& pool = makePool({.min = 1, .max = 1});
  EXPECT_EQ(valueOf(pool.deferToProcess<host::addOne>(1)), 2);
  std::optional<FewDescriptors> few;
  few.emplace(3);  // too few for a worker, with those of one that dies
  EXPECT_FALSE(await(pool.deferToProcess<host::die>()).ok());
  std::optional<Outcome<int>> late;
  pool.deferToProcess<host::addOne>(2).addBoth(
      [&](Outcome<int> outcome) { late.emplace(outcome); });
  passTurns();
  EXPECT_FALSE(late);
  EXPECT_EQ(pool.stats().queued, 1U);
  few->giveBack(100);
  runUntil([&] { return late.has_value(); });
  EXPECT_TRUE(late->ok());
}

TEST_F(HostShortageTest, ALimitOfFileSizeFailsJobsAndKillsNobody) {
  const SoftLimit limit(RLIMIT_FSIZE, 16 * 1024);
  auto& pool = makePool({.min = 0, .max = 1});
  const Failure failure = failureOf(pool.deferToProcess<host::addOne>(1));
  EXPECT_TRUE(failure.check<StartupFailed>());
  EXPECT_THAT(failure.describe(), HasSubstr("RLIMIT_FSIZE"));
}

TEST_F(HostShortageTest, ALimitOfProcessesLeavesThePoolWithThoseThatFit) {
  if (::geteuid() != 0) GTEST_SKIP() << "becoming a user without processes needs root";
  const std::string seen = host::inChild([]() -> std::string {
    // A user of whom there are no other processes.
    if (::setgid(64321) != 0 || ::setuid(64321) != 0) return "cannot change the user";
    const rlimit limit{4, 4};
    ::setrlimit(RLIMIT_NPROC, &limit);
    Reactor reactor;
    ProcessPool pool(reactor, {.min = 0, .max = 8});
    int left = 50;
    std::string wrong;
    for (int i = 0; i < 50; ++i) {
      pool.deferToProcess<host::addOne>(i).addBoth([&](Outcome<int> outcome) {
        if (!outcome.ok()) wrong = host::show(outcome);
        if (--left == 0) reactor.stop();
      });
    }
    reactor.run();
    const auto workers = pool.stats().workers;
    host::finish(reactor, pool.stop());
    if (!wrong.empty()) return wrong;
    return workers >= 1 && workers <= 4 ? "ok" : std::to_string(workers) + " workers";
  });
  EXPECT_EQ(seen, "ok");
}

}  // namespace
}  // namespace phial
