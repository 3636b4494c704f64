// Options in a co_await expression. g++ 12 copies such temporaries by their bytes and destroys
// both: without Held these tests end in a double free there. Every text is long enough for the
// heap.
#include <chrono>
#include <string>
#include <vector>

#include "map_jobs.h"
#include "pool_fixture.h"

namespace phial {
namespace {

using namespace std::chrono_literals;
using PoolCoAwaitTest = PoolTest;

#define LONG_LABEL "a label that is long enough to lie on the heap"

Deferred<std::string> labelled(ProcessPool& pool) {
  co_return co_await pool.with({.timeout = 5s, .label = LONG_LABEL})
      .deferToProcess<jobs::myLabel>();
}

Deferred<std::string> labelledByName(ProcessPool& pool) {
  co_return co_await pool.with({.label = std::string(LONG_LABEL) + ", made here"})
      .deferToProcess<std::string>("jobs::myLabel");
}

Deferred<double> withProgress(ProcessPool& pool) {
  double seen = 0;
  co_await pool
      .with(
          {.label = LONG_LABEL, .onProgress = [&](double done, std::string_view) { seen = done; }})
      .deferToProcess<jobs::report>();
  co_return seen;
}

Deferred<std::vector<std::string>> mapped(ProcessPool& pool, std::vector<int> numbers) {
  co_return co_await pool.with({.job = {.timeout = 5s, .label = LONG_LABEL}, .chunk = 2})
      .map<map_jobs::label>(numbers);
}

Deferred<std::size_t> forEachOf(ProcessPool& pool, std::vector<int> numbers) {
  std::size_t seen = 0;
  co_await pool.with({.label = LONG_LABEL})
      .with({.chunk = 2})
      .forEach<map_jobs::label>(numbers, [&](std::size_t, const std::string& label) {
        seen += label == LONG_LABEL ? 1 : 0;
      });
  co_return seen;
}

Deferred<int> inALoop(ProcessPool& pool) {
  int sum = 0;
  for (int i = 0; i < 3; ++i) {
    sum += co_await pool.with({.label = LONG_LABEL}).deferToProcess<jobs::add>(i, 1);
  }
  co_return sum;
}

Deferred<void> stopped(ProcessPool& pool) {
  co_await pool.stop({.drainQueue = true, .within = 5s});
}

TEST_F(PoolCoAwaitTest, OptionsMayBeWrittenInTheExpression) {
  auto& pool = makePool({.max = 1});
  EXPECT_EQ(valueOf(labelled(pool)), LONG_LABEL);
  EXPECT_EQ(valueOf(labelledByName(pool)), LONG_LABEL ", made here");
  EXPECT_GT(valueOf(withProgress(pool)), 0);
  EXPECT_EQ(valueOf(mapped(pool, {1, 2, 3})), std::vector<std::string>(3, LONG_LABEL));
  EXPECT_EQ(valueOf(forEachOf(pool, {1, 2, 3})), 3U);
  EXPECT_EQ(valueOf(inALoop(pool)), 6);
  valueOf(stopped(pool));
}

}  // namespace
}  // namespace phial
