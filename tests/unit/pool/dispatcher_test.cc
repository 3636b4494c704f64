#include "master/pool/dispatcher.h"

#include "tests/unit/pool/parts_fixture.h"

namespace phial::detail {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const FunctionName kFunctionOfNoWorker{"unknown", "void ()"};

class DispatcherTest : public PartsTest {
 protected:
  /// Keeps the roster up to date, as the conductor does.
  class Reporting final : public DeafOwner {
   public:
    explicit Reporting(DispatcherTest& test) : test_(test) {}
    void workerChanged(PoolWorker& worker) override {
      Seat* const seat = test_.roster_.find(worker.number());
      if (seat != nullptr) test_.roster_.update(*seat, worker.load(), test_.context_.now());
    }

   private:
    DispatcherTest& test_;
  };

  FakeWorker& addWorker(std::uint64_t quota = Seat::kNoQuota) {
    const auto worker = std::make_shared<FakeWorker>(owner_, world_, ++lastWorker_);
    roster_.add(lastWorker_, worker, quota);
    worker->getReady();
    return *worker;
  }
  void dispatch() { dispatcher_.dispatch(reactor_.now() + hours(1)); }
  void learnThatJobsAreShort() {
    dispatcher_.schedule().noteRun(kSomeFunction, std::chrono::microseconds(1), 0);
  }

  Reporting owner_{*this};
  std::uint64_t lastWorker_ = 0;
  Roster roster_;
  Staffing staffing_{roster_, {.min = 0, .max = 2}, 1};
  JobTimers timers_{context_, books_};
  BoundObjects objects_{[](std::uint64_t, const ObjectBoundary::Use&) {}};
  Dispatcher dispatcher_{context_, books_, timers_, roster_, staffing_, objects_};
};

TEST_F(DispatcherTest, AFreeWorkerGetsAJobAndItsTimeIsWatched) {
  FakeWorker& worker = addWorker();
  JobEntry& entry = enter({.timeout = seconds(1)});
  EXPECT_TRUE(dispatcher_.canDispatch());
  dispatch();
  EXPECT_THAT(worker.heldJobs(), ElementsAre(1U));
  EXPECT_EQ(entry.worker(), &worker);
  EXPECT_EQ(books_.running(), 1U);
  EXPECT_EQ(clock_.pending(), 1U);
  EXPECT_FALSE(dispatcher_.canDispatch());
}

TEST_F(DispatcherTest, WithoutAWorkerJobsStayQueued) {
  enter();
  EXPECT_FALSE(dispatcher_.canDispatch());
  dispatch();
  EXPECT_EQ(books_.waiting(), 1U);
}

TEST_F(DispatcherTest, AJobThatCannotBeSentFailsAndTheOthersOfItsBatchAreSent) {
  FakeWorker& worker = addWorker();
  learnThatJobsAreShort();
  enter({}, kFunctionOfNoWorker);
  enter();
  enter();
  dispatch();
  EXPECT_THAT(worker.heldJobs(), ElementsAre(2U, 3U));
  deliverAll();
  EXPECT_TRUE(failure(1).check<UnknownFunction>());
  EXPECT_FALSE(failure(1).mayHaveRun());
}

TEST_F(DispatcherTest, NothingIsSentFromACondemnedQueue) {
  FakeWorker& worker = addWorker();
  enter();
  books_.condemn(Failure(PoolStopped("stopped")));
  dispatch();
  EXPECT_THAT(worker.heldJobs(), IsEmpty());
}

TEST_F(DispatcherTest, WhatAWorkerHasGivenBackComesFirstInItsOrder) {
  FakeWorker& worker = addWorker();
  learnThatJobsAreShort();
  for (int i = 0; i < 3; ++i) enter();
  dispatch();
  enter();
  const auto held = worker.heldJobs();
  ASSERT_GE(held.size(), 2U);
  const auto givenBack = worker.takeBackLast(2);
  dispatcher_.sendBack(givenBack);
  EXPECT_EQ(books_.front().id(), givenBack.front());
  EXPECT_EQ(books_.queued(), 3U);
}

TEST_F(DispatcherTest, AWorkerThatHasItsLastJobIsToBeReplaced) {
  addWorker(1);
  enter();
  dispatch();
  EXPECT_EQ(roster_.find(1)->departure, Departure::waits);
}

}  // namespace
}  // namespace phial::detail
