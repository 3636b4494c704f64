// Objects that workers return, and capabilities that they are given.
#include "client_fixture.h"

namespace phial {
namespace {

using namespace std::chrono_literals;

class ObjectTest : public ClientTest {
 protected:
  studio::Counter::Client openCounter(studio::Studio::Client& studio, int start) {
    auto request = studio.openCounterRequest();
    request.setStart(start);
    return responseOf(request.send()).getCounter();
  }
  int next(studio::Counter::Client& counter) {
    return responseOf(counter.nextRequest().send()).getValue();
  }
  int pidOf(studio::Counter::Client& counter) {
    return responseOf(counter.nextRequest().send()).getPid();
  }
  auto waitIn(studio::Counter::Client& counter, const std::string& path) {
    auto request = counter.waitForRequest();
    request.setPath(path.c_str());
    return request.send();
  }
};

class Doubler final : public studio::Callback::Server {
 public:
  explicit Doubler(int& calls) : calls_(calls) {}
  kj::Promise<void> call(CallContext context) override {
    ++calls_;
    context.getResults().setValue(2 * context.getParams().getValue());
    return kj::READY_NOW;
  }

 private:
  int& calls_;
};

TEST_F(ObjectTest, AnObjectKeepsItsStateInItsWorker) {
  auto studio = client<studio::Studio>(makePool({.min = 4, .max = 4}));
  auto counter = openCounter(studio, 7);
  const auto first = responseOf(counter.nextRequest().send());
  const auto second = responseOf(counter.nextRequest().send());
  EXPECT_EQ(first.getValue(), 7);
  EXPECT_EQ(second.getValue(), 8);
  EXPECT_EQ(first.getPid(), second.getPid());
}

TEST_F(ObjectTest, CallsArePipelinedOnAReturnedObject) {
  auto studio = client<studio::Studio>(makePool({.max = 2}));
  auto request = studio.openCounterRequest();
  request.setStart(1);
  auto counter = request.send().getCounter();
  auto fork = counter.forkRequest().send().getCounter();
  EXPECT_EQ(responseOf(counter.nextRequest().send()).getValue(), 1);
  EXPECT_EQ(responseOf(fork.nextRequest().send()).getValue(), 1);
}

TEST_F(ObjectTest, AnObjectOfAnObjectIsBoundToo) {
  auto studio = client<studio::Studio>(makePool({.max = 1}));
  auto counter = openCounter(studio, 1);
  auto fork = responseOf(counter.forkRequest().send()).getCounter();
  const int pid = pidOf(fork);
  EXPECT_EQ(::kill(pid, SIGKILL), 0);
  runUntil([&] { return pool_->stats().deaths == 1; });
  const auto failure = failureOfCall(fork.nextRequest().send());
  ASSERT_TRUE(failure.check<WorkerDied>()) << failure.describe();
  EXPECT_EQ(failure.certificate()->pid, pid);
}

TEST_F(ObjectTest, ADeadWorkersObjectFailsWithItsCertificate) {
  auto studio = client<studio::Studio>(makePool({.max = 1}));
  auto counter = openCounter(studio, 1);
  const auto failure = failureOfCall(counter.crashRequest().send());
  ASSERT_TRUE(failure.check<WorkerDied>()) << failure.describe();
  ASSERT_NE(failure.certificate(), nullptr);
  EXPECT_EQ(failure.certificate()->cause, DeathCause::crash);
  EXPECT_TRUE(failureOfCall(counter.nextRequest().send()).check<WorkerDied>()) << "later calls";
  auto another = openCounter(studio, 5);
  EXPECT_EQ(next(another), 5) << "the next worker";
}

TEST_F(ObjectTest, AWorkerThatIsKilledInACallOnItsObjectIsExplained) {
  auto studio = client<studio::Studio>(makePool({.max = 1}));
  auto counter = openCounter(studio, 1);
  const int pid = pidOf(counter);
  auto call = fromPromise<int>(waitIn(counter, makeFifo("killed")).then([](auto&&) { return 0; }));
  runUntil([&] { return pool_->workers().front().pid == pid; });
  EXPECT_EQ(::kill(pid, SIGKILL), 0);
  const auto failure = failureOf(std::move(call));
  ASSERT_TRUE(failure.check<WorkerDied>()) << failure.describe();
  EXPECT_NE(failure.describe().find("SIGKILL"), std::string::npos) << failure.describe();
}

TEST_F(ObjectTest, AnObjectComesBackToItsWorkerAsItself) {
  auto studio = client<studio::Studio>(makePool({.max = 1}));
  auto counter = openCounter(studio, 3);
  auto request = studio.sameRequest();
  request.setCounter(counter);
  EXPECT_TRUE(responseOf(request.send()).getSame());
}

TEST_F(ObjectTest, AnObjectReachesAnotherWorker) {
  auto studio = client<studio::Studio>(makePool({.min = 2, .max = 2}));
  valueOf(pool_->start());
  auto counter = openCounter(studio, 3);
  const int home = pidOf(counter);
  // Busy at home: the call goes elsewhere.
  auto request = studio.readRequest();
  request.setCounter(counter);
  std::vector<Deferred<int>> reads;
  for (int i = 0; i < 20; ++i) {
    auto read = studio.readRequest();
    read.setCounter(counter);
    reads.push_back(fromPromise<int>(read.send().then([](auto&& r) { return r.getPid(); })));
  }
  const auto pids = valueOf(gatherResults(std::move(reads)));
  EXPECT_TRUE(std::ranges::any_of(pids, [&](int pid) { return pid != home; }));
  EXPECT_EQ(next(counter), 3 + 1 + 20);
}

TEST_F(ObjectTest, AWorkerCallsBack) {
  auto studio = client<studio::Studio>(makePool({.max = 1}));
  int calls = 0;
  auto request = studio.callBackRequest();
  request.setCallback(kj::heap<Doubler>(calls));
  request.setTimes(100);
  EXPECT_EQ(responseOf(request.send()).getSum(), 100 * 101);
  EXPECT_EQ(calls, 100);
}

TEST_F(ObjectTest, FourWorkersCallBackAtOnce) {
  auto studio = client<studio::Studio>(makePool({.min = 4, .max = 4}));
  valueOf(pool_->start());
  int calls = 0;
  studio::Callback::Client doubler = kj::heap<Doubler>(calls);
  std::vector<Deferred<int>> sums;
  for (int i = 0; i < 40; ++i) {
    auto request = studio.callBackRequest();
    request.setCallback(doubler);
    request.setTimes(25);
    sums.push_back(fromPromise<int>(request.send().then([](auto&& r) { return r.getSum(); })));
  }
  for (const int sum : valueOf(gatherResults(std::move(sums)))) EXPECT_EQ(sum, 25 * 26);
  EXPECT_EQ(calls, 1000);
}

TEST_F(ObjectTest, ACallbackMayBeKeptAndCalledLater) {
  auto studio = client<studio::Studio>(makePool({.max = 1}));
  int calls = 0;
  auto keep = studio.keepRequest();
  keep.setCallback(kj::heap<Doubler>(calls));
  responseOf(keep.send());
  auto call = studio.callKeptRequest();
  call.setValue(21);
  EXPECT_EQ(responseOf(call.send()).getValue(), 42);
}

TEST_F(ObjectTest, ACallbackMayCallThePool) {
  auto studio = client<studio::Studio>(makePool({.min = 2, .max = 2}));
  class Adder final : public studio::Callback::Server {
   public:
    explicit Adder(studio::Studio::Client studio) : studio_(kj::mv(studio)) {}
    kj::Promise<void> call(CallContext context) override {
      auto request = studio_.addRequest();
      request.setA(context.getParams().getValue());
      request.setB(1);
      return request.send().then(
          [context](auto&& r) mutable { context.getResults().setValue(r.getSum()); });
    }

   private:
    studio::Studio::Client studio_;
  };
  auto request = studio.callBackRequest();
  request.setCallback(kj::heap<Adder>(studio));
  request.setTimes(10);
  EXPECT_EQ(responseOf(request.send()).getSum(), 65);
}

TEST_F(ObjectTest, ACallbackThatFailsFailsTheCall) {
  auto studio = client<studio::Studio>(makePool({.max = 1}));
  class Refuser final : public studio::Callback::Server {
    kj::Promise<void> call(CallContext) override { KJ_FAIL_REQUIRE("not today"); }
  };
  auto request = studio.callBackRequest();
  request.setCallback(kj::heap<Refuser>());
  request.setTimes(1);
  const auto failure = failureOfCall(request.send());
  EXPECT_NE(failure.message().find("not today"), std::string::npos) << failure.describe();
}

TEST_F(ObjectTest, AWorkerIsNotPrunedWhileItsObjectIsHeld) {
  auto studio = client<studio::Studio>(makePool({.min = 0, .max = 1, .maxIdle = 1ms}));
  {
    auto counter = openCounter(studio, 1);
    EXPECT_TRUE(pool_->workers().front().bound);
    valueOf(deferLater(*reactor_, 50ms, [] {}));
    EXPECT_EQ(next(counter), 1);
  }
  runUntil([&] { return pool_->stats().workers == 0; });
}

TEST_F(ObjectTest, AWorkerIsNotRecycledWhileItsObjectIsHeld) {
  auto studio = client<studio::Studio>(makePool({.max = 1, .recycleAfter = 2}));
  int pid = 0;
  {
    auto counter = openCounter(studio, 1);
    pid = pidOf(counter);
    for (int i = 0; i < 5; ++i) {
      EXPECT_EQ(responseOf(studio.whoAmIRequest().send()).getPid(), pid);
    }
    EXPECT_EQ(next(counter), 2);
  }
  runUntil([&] { return pool_->stats().recycled == 1; });
  EXPECT_NE(responseOf(studio.whoAmIRequest().send()).getPid(), pid);
}

TEST_F(ObjectTest, AWorkerWithACallOnItsObjectGetsNoJobs) {
  auto studio = client<studio::Studio>(makePool({.min = 2, .max = 2}));
  valueOf(pool_->start());
  auto counter = openCounter(studio, 1);
  const int home = pidOf(counter);
  const auto path = makeFifo("serving");
  auto call = fromPromise<int>(waitIn(counter, path).then([](auto&&) { return 0; }));
  for (int i = 0; i < 10; ++i) {
    EXPECT_NE(responseOf(studio.whoAmIRequest().send()).getPid(), home);
  }
  letGo(path);
  EXPECT_TRUE(await(std::move(call)).ok());
}

TEST_F(ObjectTest, AnObjectOutlivesItsPool) {
  auto studio = client<studio::Studio>(makePool({.max = 1}));
  auto counter = openCounter(studio, 1);
  valueOf(pool_->stop());
  EXPECT_TRUE(failureOfCall(counter.nextRequest().send()).check<WorkerDied>());
  pool_.reset();
  EXPECT_FALSE(failureOfCall(counter.nextRequest().send()).message().empty());
}

TEST_F(ObjectTest, AnObjectOutlivesAPoolThatIsDestroyed) {
  auto studio = client<studio::Studio>(makePool({.max = 1}));
  auto counter = openCounter(studio, 1);
  auto call =
      fromPromise<int>(waitIn(counter, makeFifo("destroyed")).then([](auto&&) { return 0; }));
  passTurns();
  pool_.reset();
  const auto failure = failureOf(std::move(call));
  EXPECT_TRUE(failure.check<PoolStopped>()) << failure.describe();
  EXPECT_TRUE(failureOfCall(counter.nextRequest().send()).check<PoolStopped>());
}

TEST_F(ObjectTest, TenThousandObjectsAreGivenBack) {
  auto studio = client<studio::Studio>(makePool({.max = 1}));
  for (int i = 0; i < 200; ++i) {
    std::vector<Deferred<int>> values;
    for (int j = 0; j < 50; ++j) {
      auto request = studio.openCounterRequest();
      request.setStart(j);
      values.push_back(fromPromise<int>(request.send().getCounter().nextRequest().send().then(
          [](auto&& r) { return r.getValue(); })));
    }
    valueOf(gatherResults(std::move(values)));
  }
  EXPECT_EQ(pool_->stats().succeeded, 10'000U);
}

}  // namespace
}  // namespace phial
