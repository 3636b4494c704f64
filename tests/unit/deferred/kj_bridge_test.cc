#include <gtest/gtest.h>
#include <kj/async.h>
#include <kj/debug.h>
#include <phial/master/kj_bridge.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "tests/unit/deferred/unhandled.h"

namespace phial {
namespace {

class KjBridgeTest : public ::testing::Test {
 protected:
  ~KjBridgeTest() noexcept override {}  // KJ's destructors may throw, GoogleTest's may not

  // Runs what is queued.
  void turn() {
    kj::evalLast([] {}).wait(scope);
  }

  UnhandledErrors unhandled;
  kj::EventLoop loop;
  kj::WaitScope scope{loop};
};

// Counts its destruction, as what a promise works on would be.
struct Work {
  explicit Work(int* count) : ended(count) {}
  ~Work() { ++*ended; }
  int* ended;
};

TEST_F(KjBridgeTest, DeferredFiredLaterFulfilsThePromise) {
  auto made = newDeferred<int>();
  kj::Promise<int> promise = toPromise(std::move(made.deferred));
  EXPECT_FALSE(promise.poll(scope));
  made.resolver.callback(4);
  EXPECT_TRUE(promise.poll(scope));
  EXPECT_EQ(promise.wait(scope), 4);
}

TEST_F(KjBridgeTest, FiredDeferredsAndVoidAndMoveOnlyPass) {
  EXPECT_EQ(toPromise(succeed(4)).wait(scope), 4);
  toPromise(succeed()).wait(scope);
  EXPECT_EQ(*toPromise(succeed(std::make_unique<int>(3))).wait(scope), 3);
}

TEST_F(KjBridgeTest, FailureRejectsWithTypeAndMessage) {
  auto promise = toPromise(fail<int>(std::range_error("far")));
  std::string seen;
  promise.then([](int) {}, [&](kj::Exception&& e) { seen = e.getDescription().cStr(); })
      .wait(scope);
  EXPECT_EQ(seen, "std::range_error: far");
}

TEST_F(KjBridgeTest, KjExceptionCrossesBothWaysAsItIs) {
  kj::Promise<int> broken = KJ_EXCEPTION(DISCONNECTED, "gone");
  auto promise = toPromise(fromPromise(kj::mv(broken)));
  auto type = kj::Exception::Type::FAILED;
  std::string seen;
  promise
      .then([](int) {},
            [&](kj::Exception&& e) {
              type = e.getType();
              seen = e.getDescription().cStr();
            })
      .wait(scope);
  EXPECT_EQ(type, kj::Exception::Type::DISCONNECTED);
  EXPECT_EQ(seen, "gone");
}

TEST_F(KjBridgeTest, DroppingThePromiseCancelsTheDeferredUnheard) {
  int cancelled = 0;
  auto made = newDeferred<int>([&] { ++cancelled; });
  {
    auto promise = toPromise(std::move(made.deferred));
    EXPECT_EQ(cancelled, 0);
  }
  EXPECT_EQ(cancelled, 1);
  EXPECT_TRUE(made.resolver.called());
}

TEST_F(KjBridgeTest, DroppingAFulfilledPromiseCancelsNothing) {
  int cancelled = 0;
  auto made = newDeferred<int>([&] { ++cancelled; });
  auto promise = toPromise(std::move(made.deferred));
  made.resolver.callback(1);
  EXPECT_EQ(promise.wait(scope), 1);
  EXPECT_EQ(cancelled, 0);
}

TEST_F(KjBridgeTest, PromiseFiresTheDeferred) {
  auto pair = kj::newPromiseAndFulfiller<int>();
  int seen = 0;
  auto d = fromPromise(kj::mv(pair.promise)).addCallback([&](int n) { seen = n; });
  turn();
  EXPECT_EQ(seen, 0);
  pair.fulfiller->fulfill(6);
  turn();
  EXPECT_EQ(seen, 6);
}

TEST_F(KjBridgeTest, VoidAndKjTypesPass) {
  bool done = false;
  auto a = fromPromise(kj::Promise<void>(kj::READY_NOW)).addCallback([&] { done = true; });
  std::string seen;
  auto b = fromPromise(kj::Promise<kj::String>(kj::str("text"))).addCallback([&](kj::String s) {
    seen = s.cStr();
  });
  turn();
  EXPECT_TRUE(done);
  EXPECT_EQ(seen, "text");
}

TEST_F(KjBridgeTest, BrokenPromiseFailsTheDeferred) {
  kj::Promise<int> broken = KJ_EXCEPTION(OVERLOADED, "too much");
  std::string seen;
  auto d = fromPromise(kj::mv(broken)).addErrback([&](const Failure& f) {
    seen = f.message();
    return f.as<kj::Exception>()->getType() == kj::Exception::Type::OVERLOADED ? 1 : 0;
  });
  turn();
  EXPECT_EQ(seen, "too much");
}

TEST_F(KjBridgeTest, CancellingDropsThePromiseInTheNextTurn) {
  int ended = 0;
  auto never = kj::Promise<int>(kj::NEVER_DONE).attach(kj::heap<Work>(&ended));
  std::string seen;
  auto d = fromPromise(kj::mv(never)).addErrback([&](const Failure& f) {
    seen = f.type();
    return 0;
  });
  turn();
  d.cancel();
  EXPECT_EQ(seen, "phial::CancelledError");
  turn();
  EXPECT_EQ(ended, 1);
}

TEST_F(KjBridgeTest, CancellingFromWithinThePromiseIsSafe) {
  Deferred<int> d;
  auto promise = kj::evalLater([&] {
    d.cancel();  // this very continuation belongs to the promise
    return 3;
  });
  std::string seen;
  d = fromPromise(kj::mv(promise)).addErrback([&](const Failure& f) {
    seen = f.type();
    return 0;
  });
  turn();
  turn();
  EXPECT_EQ(seen, "phial::CancelledError");
}

TEST_F(KjBridgeTest, DroppingTheDeferredLetsThePromiseRun) {
  bool ran = false;
  {
    auto d = fromPromise(kj::evalLater([&] { ran = true; }));
  }
  turn();
  EXPECT_TRUE(ran);
}

TEST(KjBridgeLifeTest, CancelAfterTheLoopHasEndedStillFails) {
  UnhandledErrors unhandled;
  std::string seen;
  Deferred<int> d;
  {
    kj::EventLoop loop;
    kj::WaitScope scope(loop);
    d = fromPromise(kj::Promise<int>(kj::NEVER_DONE)).addErrback([&](const Failure& f) {
      seen = f.type();
      return 0;
    });
  }
  EXPECT_EQ(seen, "");
  d.cancel();
  EXPECT_EQ(seen, "phial::CancelledError");
}

}  // namespace
}  // namespace phial
