// What becomes of a map when its elements fail or end their workers.
#include <algorithm>
#include <fstream>
#include <iterator>

#include "map_jobs.h"
#include "pool_fixture.h"

namespace phial {
namespace {

using map_jobs::Step;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class PoolMapFailureTest : public PoolTest {
 protected:
  /// So many steps that pass, each noted in a file.
  std::vector<Step> steps(int count) const {
    std::vector<Step> all;
    for (int i = 0; i < count; ++i) all.push_back({i, Step::What::pass, log()});
    return all;
  }
  std::string log() const { return directory_ + "/steps"; }
  /// The elements that were begun, in the order of their beginning, with repetitions.
  std::vector<int> begun() const {
    std::ifstream file(log());
    return {std::istream_iterator<int>(file), {}};
  }
  /// Which of them have failed.
  static std::vector<std::size_t> failed(const std::vector<Outcome<int>>& outcomes) {
    std::vector<std::size_t> indices;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      if (!outcomes[i].ok()) {
        indices.push_back(i);
        EXPECT_EQ(outcomes[i].failure().index(), i);
      } else {
        EXPECT_EQ(outcomes[i].value(), static_cast<int>(i));
      }
    }
    return indices;
  }
};

TEST_F(PoolMapFailureTest, TheFirstFailureIsTheElementsOwnAndSaysWhichItIs) {
  auto& pool = makePool({.min = 2, .max = 2});
  auto all = steps(100);
  all[42].what = Step::What::fail;
  const Failure failure = failureOf(pool.with({.chunk = 10}).map<map_jobs::walk>(all));
  EXPECT_TRUE(failure.check<jobs::WoolError>());
  EXPECT_TRUE(failure.check<RemoteError>());
  EXPECT_EQ(failure.type(), "jobs::WoolError");
  EXPECT_EQ(failure.message(), "element 42");
  EXPECT_EQ(failure.index(), 42U);
  EXPECT_THAT(failure.traceback(), HasSubstr("element 42 of the range"));
  EXPECT_EQ(pool.stats().deaths, 0U);
}

TEST_F(PoolMapFailureTest, TheTracebackIsOfThePlaceWhereItWasThrown) {
  auto& pool = makePool({.max = 1});
  auto all = steps(1);
  all[0].what = Step::What::fail;
  const Failure single = failureOf(pool.deferToProcess<map_jobs::walk>(all[0]));
  const Failure mapped = failureOf(pool.map<map_jobs::walk>(all));
  const auto firstLine = [](const std::string& text) { return text.substr(0, text.find('\n')); };
  ASSERT_NE(firstLine(single.traceback()), "");
  EXPECT_EQ(firstLine(mapped.traceback()), firstLine(single.traceback()));
}

TEST_F(PoolMapFailureTest, ACoroutineThatCatchesItKnowsTheIndexToo) {
  auto& pool = makePool({.max = 1});
  auto all = steps(10);
  all[3].what = Step::What::fail;
  const auto run = [&]() -> Deferred<int> {
    try {
      co_await pool.map<map_jobs::walk>(all);
    } catch (const Error&) {
      co_return static_cast<int>(Failure::current().index().value());
    }
    co_return -1;
  };
  EXPECT_EQ(valueOf(run()), 3);
}

TEST_F(PoolMapFailureTest, AfterAFailureNoElementOfItsChunkIsRunAndNoOtherSubmitted) {
  auto& pool = makePool({.max = 1});
  auto all = steps(1000);
  all[2].what = Step::What::fail;
  failureOf(pool.with({.chunk = 10, .inFlight = 1}).map<map_jobs::walk>(all));
  EXPECT_THAT(begun(), ElementsAre(0, 1, 2));
  EXPECT_EQ(pool.stats().submitted, 1U);
}

TEST_F(PoolMapFailureTest, ChunksInFlightAreCancelledByAFailure) {
  auto& pool = makePool({.min = 2, .max = 2, .grace = std::chrono::milliseconds(20)});
  auto all = steps(40);
  all[0].what = Step::What::hang;
  all[10].what = Step::What::fail;
  EXPECT_EQ(failureOf(pool.with({.chunk = 10}).map<map_jobs::walk>(all)).message(), "element 10");
  EXPECT_EQ(pool.stats().queued + pool.stats().running, 0U);
  EXPECT_EQ(pool.stats().cancelled, 3U);
  const auto ran = begun();
  EXPECT_FALSE(std::ranges::any_of(ran, [](int n) { return n > 10; }));
}

TEST_F(PoolMapFailureTest, EachElementHasAnOutcome) {
  auto& pool = makePool({.min = 2, .max = 2});
  auto all = steps(60);
  for (const int i : {0, 7, 8, 59}) all[static_cast<std::size_t>(i)].what = Step::What::fail;
  const auto outcomes = valueOf(pool.mapOutcomes<map_jobs::walk>(all));
  ASSERT_EQ(outcomes.size(), 60U);
  EXPECT_THAT(failed(outcomes), ElementsAre(0, 7, 8, 59));
  EXPECT_EQ(outcomes[7].failure().message(), "element 7");
  EXPECT_TRUE(outcomes[7].failure().check<jobs::WoolError>());
  EXPECT_EQ(begun().size(), 60U);
}

TEST_F(PoolMapFailureTest, ForEachOutcomeTellsOfBothInOrder) {
  auto& pool = makePool({.min = 2, .max = 2});
  auto all = steps(20);
  all[5].what = all[11].what = Step::What::fail;
  std::vector<Outcome<int>> outcomes;
  valueOf(pool.forEachOutcome<map_jobs::walk>(all, [&](std::size_t index, Outcome<int> outcome) {
    EXPECT_EQ(index, outcomes.size());
    outcomes.push_back(std::move(outcome));
  }));
  EXPECT_THAT(failed(outcomes), ElementsAre(5, 11));
  int told = 0;
  valueOf(
      pool.forEachOutcome<map_jobs::walk>(all, [&](std::size_t, const Outcome<int>&) { ++told; }));
  EXPECT_EQ(told, 20);
}

TEST_F(PoolMapFailureTest, OutcomesOfAFunctionWithoutResult) {
  auto& pool = makePool({.max = 1});
  const std::vector<std::string> messages = {"one", "two"};
  const auto outcomes = valueOf(pool.mapOutcomes<jobs::throwWool>(messages));
  ASSERT_EQ(outcomes.size(), 2U);
  EXPECT_EQ(outcomes[1].failure().message(), "two");
}

TEST_F(PoolMapFailureTest, ADeathFailsTheMapWithItsCertificateAndTheIndex) {
  auto& pool = makePool({.max = 1});
  auto all = steps(50);
  all[33].what = Step::What::abort;
  const Failure failure = failureOf(pool.with({.chunk = 20}).map<map_jobs::walk>(all));
  ASSERT_TRUE(failure.check<WorkerDied>());
  EXPECT_EQ(failure.index(), 33U);
  const auto& certificate = failure.as<WorkerDied>()->certificate();
  EXPECT_EQ(certificate.status, ExitStatus(Signalled{SIGABRT}));
  EXPECT_EQ(certificate.element, 33U);
  EXPECT_THAT(failure.describe(), HasSubstr("map of map_jobs::walk at element 33"));
  EXPECT_EQ(pool.stats().deaths, 1U);
}

TEST_F(PoolMapFailureTest, ADeathCostsOneElementAndOneWorker) {
  auto& pool = makePool({.min = 2, .max = 2});
  auto all = steps(60);
  all[13].what = all[44].what = Step::What::abort;
  const auto outcomes = valueOf(pool.with({.chunk = 20}).mapOutcomes<map_jobs::walk>(all));
  EXPECT_THAT(failed(outcomes), ElementsAre(13, 44));
  EXPECT_TRUE(outcomes[13].failure().check<WorkerDied>());
  EXPECT_EQ(pool.stats().deaths, 2U);
  EXPECT_EQ(std::ranges::count(begun(), 13), 1);
  EXPECT_EQ(std::ranges::count(begun(), 44), 1);
}

// A worker that cannot say where it died: the chunk of 16 is halved four times.
TEST_F(PoolMapFailureTest, ADeathWithoutANoteIsFoundByHalving) {
  auto& pool = makePool({.max = 1});
  auto all = steps(32);
  all[5].what = Step::What::abortQuietly;
  const auto outcomes = valueOf(pool.with({.chunk = 16}).mapOutcomes<map_jobs::walk>(all));
  EXPECT_THAT(failed(outcomes), ElementsAre(5));
  EXPECT_EQ(pool.stats().deaths, 5U);
}

TEST_F(PoolMapFailureTest, WithRerunNeverADeathCostsItsChunkAndNothingRunsTwice) {
  auto& pool = makePool({.max = 1});
  auto all = steps(30);
  all[13].what = Step::What::abort;
  const auto outcomes = valueOf(
      pool.with({.job = {.rerun = Rerun::never}, .chunk = 10}).mapOutcomes<map_jobs::walk>(all));
  EXPECT_THAT(failed(outcomes), ElementsAre(10, 11, 12, 13, 14, 15, 16, 17, 18, 19));
  EXPECT_EQ(pool.stats().deaths, 1U);
  EXPECT_EQ(begun().size(), 24U);
}

TEST_F(PoolMapFailureTest, RerunAlwaysTriesTheElementAgainBeforeItIsCalledPoison) {
  auto& pool = makePool({.max = 1});
  auto all = steps(4);
  all[1].what = Step::What::abort;
  const auto outcomes =
      valueOf(pool.with({.job = {.rerun = Rerun::always, .maxAttempts = 2}, .chunk = 4})
                  .mapOutcomes<map_jobs::walk>(all));
  EXPECT_THAT(failed(outcomes), ElementsAre(1));
  EXPECT_TRUE(outcomes[1].failure().check<PoisonJob>());
  EXPECT_EQ(pool.stats().deaths, 2U);
}

TEST_F(PoolMapFailureTest, AnElementThatHangsRunsIntoTheTimeoutOfItsChunkAlone) {
  auto& pool = makePool({.max = 1});
  auto all = steps(20);
  all[8].what = Step::What::hang;
  const auto outcomes =
      valueOf(pool.with({.job = {.timeout = std::chrono::milliseconds(100)}, .chunk = 20})
                  .mapOutcomes<map_jobs::walk>(all));
  EXPECT_THAT(failed(outcomes), ElementsAre(8));
  EXPECT_TRUE(outcomes[8].failure().check<JobTimedOut>());
}

TEST_F(PoolMapFailureTest, AResultThatIsTooLargeForItsMessageIsAskedForInParts) {
  auto& pool = makePool({.max = 1, .maxMessageBytes = 1 << 20});
  const std::vector<std::size_t> sizes(16, 200'000);
  EXPECT_EQ(valueOf(pool.with({.chunk = 16}).map<map_jobs::makeText>(sizes)).size(), 16U);
  auto mixed = sizes;
  mixed[9] = 2 << 20;
  const Failure failure = failureOf(pool.with({.chunk = 16}).map<map_jobs::makeText>(mixed));
  EXPECT_TRUE(failure.check<EncodingError>());
  EXPECT_EQ(failure.index(), 9U);
  const auto outcomes = valueOf(pool.with({.chunk = 16}).mapOutcomes<map_jobs::makeText>(mixed));
  EXPECT_EQ(std::ranges::count_if(outcomes, [](const auto& one) { return one.ok(); }), 15);
  EXPECT_FALSE(outcomes[9].ok());
}

TEST_F(PoolMapFailureTest, AnArgumentThatIsTooLargeFailsItsElementAlone) {
  auto& pool = makePool({.max = 1, .maxMessageBytes = 1 << 20});
  std::vector<std::string> texts(8, "short");
  texts[3] = std::string(2 << 20, 'x');
  const auto outcomes = valueOf(pool.with({.chunk = 8}).mapOutcomes<map_jobs::lengthOf>(texts));
  EXPECT_EQ(std::ranges::count_if(outcomes, [](const auto& one) { return one.ok(); }), 7);
  EXPECT_TRUE(outcomes[3].failure().check<EncodingError>());
}

TEST_F(PoolMapFailureTest, ARangeThatThrowsFailsTheMapWithItsException) {
  auto& pool = makePool({.max = 1});
  const auto until = [](int last) {
    return std::views::iota(0) | std::views::transform([last](int n) {
             return n < last ? n : throw std::out_of_range("the end of the world");
           });
  };
  EXPECT_TRUE(failureOf(pool.map<map_jobs::twice>(until(0))).check<std::out_of_range>());
  EXPECT_TRUE(failureOf(pool.map<map_jobs::twice>(until(1000))).check<std::out_of_range>());
  EXPECT_TRUE(failureOf(pool.mapOutcomes<map_jobs::twice>(until(9))).check<std::out_of_range>());
  EXPECT_EQ(pool.stats().queued + pool.stats().running, 0U);
}

TEST_F(PoolMapFailureTest, AWorkerThatDoesNotHaveTheFunctionSaysSo) {
  auto& pool = makePool({.worker = {PHIAL_CHILDREN "/phial_child_hooks"}, .max = 1});
  const Failure failure = failureOf(pool.mapOutcomes<map_jobs::twice>(std::views::iota(0, 10)));
  EXPECT_TRUE(failure.check<UnknownFunction>());
  EXPECT_THAT(failure.message(), HasSubstr("'map_jobs::twice' to map a range with"));
}

TEST_F(PoolMapFailureTest, AWorkerOfItsOwnOffersToMapWhatItAdds) {
  auto& pool = makePool({.worker = {PHIAL_CHILDREN "/phial_child_mapped"}, .max = 1});
  EXPECT_THAT(valueOf(pool.map<map_jobs::twice>(std::vector{1, 2})), ElementsAre(3, 6));
}

}  // namespace
}  // namespace phial
