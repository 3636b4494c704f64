#include <gtest/gtest.h>
#include <phial/master/reactor.h>
#include <phial/master/tasks.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace phial {
namespace {

using namespace std::chrono_literals;

TEST(DeferLaterTest, CallsWithItsArgumentsAfterTheDelay) {
  Reactor reactor;
  int sum = 0;
  const TimePoint asked = reactor.now();
  Duration waited{};
  const auto done = deferLater(
                        reactor, 2ms, [](int a, std::unique_ptr<int> b) { return a + *b; }, 3,
                        std::make_unique<int>(4))
                        .addCallback([&](int result) {
                          sum = result;
                          waited = reactor.now() - asked;
                          reactor.stop();
                        });
  EXPECT_FALSE(done.called());
  reactor.run();
  EXPECT_EQ(sum, 7);
  EXPECT_GE(waited, 2ms);
}

TEST(DeferLaterTest, WhatTheFunctionThrowsIsTheFailure) {
  Reactor reactor;
  std::string message;
  const auto done = deferLater(reactor, 0s, []() -> int {
                      throw std::runtime_error("later");
                    }).addErrback([&](const Failure& f) {
    message = f.message();
    reactor.stop();
    return 0;
  });
  reactor.run();
  EXPECT_EQ(message, "later");
}

TEST(DeferLaterTest, CancellingDropsTheCall) {
  Reactor reactor;
  auto witness = std::make_shared<int>();
  bool cancelled = false;
  const auto done = deferLater(reactor, 0s, [witness] {
                      ADD_FAILURE() << "called";
                    }).addErrback([&](const Failure& f) { cancelled = f.check<CancelledError>(); });
  done.cancel();
  EXPECT_TRUE(cancelled);
  reactor.callLater(0s, [&] { reactor.stop(); });
  reactor.run();
}

}  // namespace
}  // namespace phial
