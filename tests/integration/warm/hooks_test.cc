// When onStart and onStop run: the hooks of a worker program.
#include "warm_fixture.h"

namespace phial {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class HooksTest : public WarmPoolTest {
 protected:
  ProcessPool& hookedPool(PoolOptions options) {
    options.worker = {PHIAL_CHILDREN "/phial_child_hooks", notes_};
    options.min = options.max = 1;
    return warmPool(std::move(options));
  }
  std::vector<std::string> words() const {
    std::ifstream file(notes_);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }
};

TEST_F(HooksTest, AreRunWhenAWorkerIsRecycled) {
  auto& pool = hookedPool({.recycleAfter = 1});
  valueOf(pool.deferToProcess<void>("note", "job"));
  runUntil([&] { return deaths_->all.size() == 1; });
  EXPECT_EQ(deaths_->all.front().cause, DeathCause::recycle);
  // The replacement starts while the job runs.
  auto found = words();
  ASSERT_THAT(found, SizeIs(7));
  EXPECT_THAT(std::vector(found.end() - 2, found.end()), ElementsAre("second stop", "first stop"));
  found.resize(5);
  EXPECT_THAT(found, UnorderedElementsAre("first start", "second start", "job", "first start",
                                          "second start"));
}

TEST_F(HooksTest, AreRunWhenThePoolReloads) {
  auto& pool = hookedPool({});
  valueOf(pool.start());
  valueOf(pool.reload());
  EXPECT_THAT(words(), ElementsAre("first start", "second start", "first start", "second start",
                                   "second stop", "first stop"));
}

TEST_F(HooksTest, AreRunWhenThePoolStops) {
  auto& pool = hookedPool({});
  valueOf(pool.start());
  valueOf(pool.stop());
  EXPECT_THAT(words(), ElementsAre("first start", "second start", "second stop", "first stop"));
}

TEST_F(HooksTest, AWorkerIsNotReadyBeforeItsOnStartHasReturned) {
  const std::string fifo = makeFifo("start");
  auto& pool = warmPool({.min = 1, .max = 1, .onStart = startWith<warm_jobs::wait>(fifo)});
  auto job = pool.deferToProcess<warm_jobs::state>();
  runUntil([&] { return pool.stats().starting == 1; });
  passTurns();
  EXPECT_EQ(pool.stats().queued, 1U);
  EXPECT_EQ(pool.stats().starting, 1U);
  letGo(fifo);
  valueOf(std::move(job));
}

}  // namespace
}  // namespace phial
