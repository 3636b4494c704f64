// Workers that mean harm: each is ended with the true reason, and nothing of it stays.
#include <algorithm>
#include <fstream>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "pool_fixture.h"

namespace phial {
namespace {

using ::testing::HasSubstr;

// What a worker does when it is given a job, and how that is told to the job's caller.
struct Harm {
  const char* manner;
  const char* reason;
};
void PrintTo(const Harm& harm, std::ostream* to) { *to << harm.manner; }

class HostileWorkerTest : public PoolTest, public testing::WithParamInterface<Harm> {
 protected:
  static std::string hostile() { return std::string(PHIAL_CHILDREN) + "/phial_child_hostile"; }

  static long residentKilobytes() {
    long pages = 0;
    std::ifstream("/proc/self/statm") >> pages >> pages;
    return pages * 4;
  }

  // A sanitizer keeps 256 MiB of what is freed, and as much again around it.
#ifdef PHIAL_ADDRESS_SANITIZER
  static constexpr long kMostGrownKilobytes = 600 << 10;
#else
  static constexpr long kMostGrownKilobytes = 24 << 10;
#endif
};

TEST_P(HostileWorkerTest, IsEndedWithTheReasonAndHarmsNobodyElse) {
  auto& pool = makePool({.worker = {hostile(), GetParam().manner}, .max = 1});
  ProcessPool other(*reactor_,
                    {.max = 1, .onLog = [this](const LogRecord& record) { note(record); }});
  valueOf(other.start());
  const long before = residentKilobytes();
  auto bystander = other.deferToProcess<jobs::add>(20, 22);
  const Failure failure = failureOf(pool.deferToProcess<int>("harm"));
  EXPECT_TRUE(failure.check<ProtocolError>()) << failure.type();
  EXPECT_THAT(failure.describe(), HasSubstr(GetParam().reason));
  EXPECT_LT(failure.message().size(), 4096u);
  EXPECT_LT(residentKilobytes() - before, kMostGrownKilobytes);
  EXPECT_EQ(valueOf(std::move(bystander)), 42);
  valueOf(other.stop());
  EXPECT_TRUE(other.stats().balanced());
}

INSTANTIATE_TEST_SUITE_P(
    EachHarm, HostileWorkerTest,
    testing::Values(
        Harm{"abort", "it broke off the conversation: I have had enough"},
        Harm{"unknown answer", "it broke the rules of the conversation: "},
        Harm{"call",
             "it broke the rules of the conversation: Message target is not a current export"},
        Harm{"empty answers", "it answered a batch without job "},
        Harm{"bad release", "it broke the rules of the conversation: "},
        Harm{"unimplemented", "it says that it does not implement what it was asked"},
        Harm{"exception", "its answer was no answer: remote exception: not today"},
        Harm{"bootstrap flood", "it asked for its master's own interface"},
        Harm{"large unknown messages", "which no worker sends"},
        Harm{"many capabilities", "it sent 100000 capabilities in one message"},
        Harm{"finish flood", "it broke the rules of the conversation: "},
        Harm{"resolve flood", "it does not read what it is sent"},
        Harm{"garbage", "segments; the limit is 512"},
        Harm{"arena claim", "a reference into the arena claims bytes that are not there"},
        Harm{"arena hole", "a reference into the arena claims bytes that are not there"}),
    [](const auto& harm) {
      std::string name = harm.param.manner;
      for (char& c : name) c = c == ' ' ? '_' : c;
      return name;
    });

class HostileWorkerLifeTest : public HostileWorkerTest {};

// What costs only a little time is put up with.
TEST_F(HostileWorkerLifeTest, BellsWithoutEndAndGarbageOnThePageLeaveTheJobItsAnswer) {
  for (const char* manner : {"bell flood", "garbage on the page"}) {
    std::size_t longest = 0;
    auto& pool = makePool({.worker = {hostile(), manner}, .max = 1});
    const long before = residentKilobytes();
    JobOptions options;
    options.onProgress = [&](double fraction, std::string_view note) {
      EXPECT_TRUE(fraction >= 0 && fraction <= 1);
      longest = std::max(longest, note.size());
    };
    EXPECT_EQ(valueOf(pool.with(std::move(options)).deferToProcess<int>("harm")), 42) << manner;
    EXPECT_LE(longest, 256u);
    EXPECT_LT(residentKilobytes() - before, kMostGrownKilobytes) << manner;
    valueOf(pool.stop({.within = Duration::zero()}));
  }
}

TEST_F(HostileWorkerLifeTest, ASecondAnswerEndsTheWorkerWithTheReason) {
  auto& pool = makePool({.worker = {hostile(), "two answers"}, .max = 1});
  EXPECT_EQ(valueOf(pool.deferToProcess<int>("harm")), 42);
  runUntil([&] { return pool.stats().deaths == 1; });
  EXPECT_THAT(log_.str(), HasSubstr("it broke the rules of the conversation: "));
}

TEST_F(HostileWorkerLifeTest, AGreetingIsBounded) {
  const struct {
    const char* manner;
    const char* reason;
  } cases[] = {{"large build id", "(the first 256 of 3000000 bytes)"},
               {"large start failure", "(the first 16384 of 3000000 bytes)"},
               {"many functions", "it offers 50000 functions; the limit is 4096"},
               {"large greeting", "bytes; the limit is 4194304"}};
  for (const auto& [manner, reason] : cases) {
    auto& pool = makePool({.worker = {hostile(), manner}, .max = 1}, &clock_);
    std::optional<Failure> failure;
    pool.start().addErrback([&](const Failure& f) { failure = f; });
    runUntil([&] {
      if (!failure && pool.stats().workers == 0) clock_.advance(std::chrono::seconds(1));
      return failure.has_value();
    });
    EXPECT_TRUE(failure->check<StartupFailed>()) << manner;
    EXPECT_THAT(failure->describe(), HasSubstr(reason));
    EXPECT_LT(failure->message().size(), 20'000u) << manner;
    valueOf(pool.stop({.within = Duration::zero()}));
  }
}

TEST_F(HostileWorkerLifeTest, FilesThatBelongToNothingAreClosedBesideTheLoop) {
  const auto before = openDescriptors();
  auto& pool = makePool({.worker = {hostile(), "parcels"}, .max = 1});
  EXPECT_EQ(valueOf(pool.deferToProcess<int>("harm")), 42);
  EXPECT_EQ(pool.stats().deaths, 0u);
  valueOf(pool.stop({.within = Duration::zero()}));
  pool_.reset();
  runUntil([&] { return openDescriptors() == before; });
}

}  // namespace
}  // namespace phial
