// Fibers that have not ended when something else does: the Reactor, or what they wait for.
#include <gmock/gmock.h>
#include <phial/master/fiber.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/unhandled_errors.h"

namespace phial {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// One that nobody can fire.
Deferred<void> orphan() { return newDeferred<void>().deferred; }

class FiberEndTest : public ::testing::Test {
 protected:
  // A fiber that holds `token_` and waits for `never_`.
  auto waits() {
    return [this, held = token_] {
      static_cast<void>(held);
      waitForDeferred(std::move(never_.deferred));
    };
  }

  const UnhandledErrors errors_;
  std::shared_ptr<int> token_ = std::make_shared<int>();
  NewDeferred<void> never_ = newDeferred<void>();
  std::optional<Reactor> reactor_{std::in_place};
};

TEST_F(FiberEndTest, TheEndOfTheReactorUnwindsAFiberThatWaits) {
  std::string type;
  spawnFiber(*reactor_, waits()).addErrback([&](const Failure& failure) { type = failure.type(); });
  EXPECT_EQ(token_.use_count(), 2);
  reactor_.reset();
  EXPECT_EQ(token_.use_count(), 1);
  EXPECT_EQ(type, "phial::ReactorStopped");
  never_.resolver.callback();  // too late, and harmless
}

TEST_F(FiberEndTest, NobodyIsToldOfTheEndOfAFiberThatNobodyWaitsFor) {
  spawnFiber(*reactor_, waits());
  reactor_.reset();
  EXPECT_EQ(token_.use_count(), 1);
  EXPECT_THAT(errors_.messages(), IsEmpty());
}

TEST_F(FiberEndTest, AFiberMaySwallowTheEndAndReturn) {
  auto fiber = spawnFiber(*reactor_, [this] {
    try {
      waitForDeferred(std::move(never_.deferred));
    } catch (const ReactorStopped&) {
    }
    return 5;
  });
  int result = 0;
  std::move(fiber).addCallback([&](int n) { result = n; });
  reactor_.reset();
  EXPECT_EQ(result, 5);
}

TEST_F(FiberEndTest, EachLaterWaitThrowsTheSame) {
  std::vector<std::string> caught;
  spawnFiber(*reactor_, [&] {
    for (int i = 0; i < 3; ++i) {
      try {
        i == 0 ? waitForDeferred(std::move(never_.deferred)) : waitForDeferred(orphan());
      } catch (const Error& error) {
        caught.emplace_back(error.what());
      }
    }
  });
  reactor_.reset();
  EXPECT_THAT(caught, ElementsAre("the reactor has stopped", "the reactor has stopped",
                                  "the reactor has stopped"));
}

TEST_F(FiberEndTest, StoppingTheLoopEndsNoFiber) {
  auto fiber = spawnFiber(*reactor_, waits());
  reactor_->stop();
  reactor_->run();
  EXPECT_FALSE(fiber.called());
  never_.resolver.callback();
  EXPECT_TRUE(fiber.called());
}

TEST_F(FiberEndTest, AFiberThatNothingCanResumeIsUnwoundWithItsDeferred) {
  auto fiber = spawnFiber(*reactor_, waits());
  never_.resolver = {};
  EXPECT_EQ(token_.use_count(), 2) << "its Deferred is held";
  fiber = {};
  EXPECT_EQ(token_.use_count(), 1);
  EXPECT_THAT(errors_.messages(), IsEmpty());
}

TEST_F(FiberEndTest, AFiberThatNothingCouldEverResumeIsUnwoundWhenItBeginsToWait) {
  spawnFiber(*reactor_, [held = token_] {
    static_cast<void>(held);
    waitForDeferred(orphan());
  });
  EXPECT_EQ(token_.use_count(), 1);
}

TEST_F(FiberEndTest, AFailureOfTheUnwindingIsReported) {
  auto fiber = spawnFiber(*reactor_, [this] {
    try {
      waitForDeferred(std::move(never_.deferred));
    } catch (const CancelledError&) {
      throw std::runtime_error("while cleaning up");
    }
  });
  never_.resolver = {};
  fiber = {};
  EXPECT_THAT(errors_.messages(), ElementsAre("while cleaning up"));
}

TEST_F(FiberEndTest, FibersThatWaitForOneAnotherEndWithTheReactor) {
  auto inner = spawnFiber(*reactor_, waits());
  auto outer = spawnFiber(*reactor_, [&, held = token_] { waitForDeferred(std::move(inner)); });
  EXPECT_EQ(token_.use_count(), 3);
  reactor_.reset();
  EXPECT_EQ(token_.use_count(), 1);
  EXPECT_TRUE(outer.called());
}

TEST_F(FiberEndTest, AfterTheReactorsEndNoFiberBegins) {
  std::string caught;
  spawnFiber(*reactor_, [&, this] {
    try {
      waitForDeferred(std::move(never_.deferred));
    } catch (const ReactorStopped&) {
      try {
        spawnFiber(*reactor_, [&] { caught = "begun"; });
      } catch (const ReactorStopped& error) {
        caught = error.what();
      }
    }
  });
  reactor_.reset();
  EXPECT_EQ(caught, "spawnFiber: the reactor has ended");
}

TEST_F(FiberEndTest, AFiberThatSwallowsEveryEndIsReportedAndLeft) {
  // In a child, since its stack stays for ever. The Reactor must be the child's own.
  const auto run = [this] {
    auto reactor = std::make_unique<Reactor>();
    spawnFiber(*reactor, [this] {
      while (true) {
        try {
          waitForDeferred(never_.deferred ? std::move(never_.deferred) : orphan());
        } catch (...) {
        }
      }
    });
    reactor.reset();
    for (const auto& message : errors_.messages()) std::fprintf(stderr, "%s\n", message.c_str());
    std::_Exit(0);
  };
  EXPECT_EXIT(run(), ::testing::ExitedWithCode(0), "a fiber does not end: it waits again");
}

}  // namespace
}  // namespace phial
