// A pool belongs to its Reactor's thread; what another thread does wrong, it is told.
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/pool/map_jobs.h"
#include "tests/integration/pool/pool_fixture.h"

namespace phial {
namespace {

using ::testing::HasSubstr;

class PoolThreadTest : public PoolTest {
 protected:
  /// What `call` throws on another thread.
  static std::string refusalOf(const std::function<void()>& call) {
    std::string message = "it was not refused";
    std::thread([&] {
      ::pthread_setname_np(::pthread_self(), "stranger");
      try {
        call();
      } catch (const std::logic_error& error) {
        message = error.what();
      }
    }).join();
    return message;
  }
};

TEST_F(PoolThreadTest, ASubmissionFromAnotherThreadNamesBothThreadsAndTheWayIn) {
  ProcessPool& pool = makePool();
  const auto refusal = refusalOf([&] { pool.deferToProcess<jobs::add>(1, 2); });
  EXPECT_THAT(refusal, HasSubstr("deferToProcess"));
  EXPECT_THAT(refusal, HasSubstr("(stranger)"));
  EXPECT_THAT(refusal, HasSubstr("thread " + std::to_string(::gettid()) + " ("));
  EXPECT_THAT(refusal, HasSubstr("callFromThread"));
  EXPECT_EQ(pool.stats().submitted, 0U);
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::add>(1, 2)), 3);
}

TEST_F(PoolThreadTest, EveryWayToSubmitIsRefusedThere) {
  ProcessPool& pool = makePool();
  const std::vector<int> range{1, 2, 3};
  const std::string large(1 << 20, 'x');
  const std::vector<std::function<void()>> calls{
      [&] { pool.deferToProcess<int>("jobs::add", 1, 2); },
      [&] { pool.deferToProcess<int>("jobs::sum", large); },
      [&] { pool.map<map_jobs::twice>(range); },
      [&] { pool.mapOutcomes<map_jobs::twice>(range); },
      [&] { pool.forEach<map_jobs::twice>(range, [](std::size_t, int) {}); },
      [&] { pool.start(); },
      [&] { pool.stop(); },
      [&] { pool.reload(); },
      [&] { pool.whenBelow(1); },
      [&] { pool.adjustPoolSize(1, 2); },
      [&] { ProcessPool another(*reactor_); },
      [&] { reactor_->run(); },
      [&] { reactor_->stop(); }};
  for (const auto& call : calls) EXPECT_THAT(refusalOf(call), HasSubstr("callFromThread"));
  EXPECT_EQ(pool.stats().submitted, 0U);
}

TEST_F(PoolThreadTest, CallFromThreadIsTheWayIn) {
  ProcessPool& pool = makePool();
  int sum = 0;
  std::thread thread([&] {
    reactor_->callFromThread([&] {
      pool.deferToProcess<jobs::add>(3, 4).addCallback([&](int result) {
        sum = result;
        reactor_->stop();
      });
    });
  });
  reactor_->run();
  thread.join();
  EXPECT_EQ(sum, 7);
}

}  // namespace
}  // namespace phial
