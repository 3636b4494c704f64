// The exceptions that are being handled and in flight belong to a fiber, not to its thread.
#include <gtest/gtest.h>
#include <phial/master/fiber.h>

#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

namespace phial {
namespace {

std::string handled() {
  try {
    throw;
  } catch (const std::exception& error) {
    return error.what();
  }
}

TEST(FiberExceptionTest, ACatchBlockMayWait) {
  Reactor reactor;
  auto first = newDeferred<void>();
  auto second = newDeferred<void>();
  const auto waitInCatch = [](const char* text, Deferred<void> d) {
    try {
      throw std::runtime_error(text);
    } catch (const std::exception&) {
      waitForDeferred(std::move(d));
      return handled();
    }
  };
  auto one = spawnFiber(reactor, waitInCatch, "one", std::move(first.deferred));
  EXPECT_EQ(std::current_exception(), nullptr);
  auto two = spawnFiber(reactor, waitInCatch, "two", std::move(second.deferred));
  EXPECT_EQ(std::current_exception(), nullptr);
  first.resolver.callback();  // in another order than a stack's
  EXPECT_EQ(std::current_exception(), nullptr);
  second.resolver.callback();
  EXPECT_EQ(waitForFiber(reactor, std::move(one)), "one");
  EXPECT_EQ(waitForFiber(reactor, std::move(two)), "two");
}

TEST(FiberExceptionTest, AResumerKeepsItsOwnExceptionWhileAFiberThrowsAndCatches) {
  Reactor reactor;
  auto made = newDeferred<void>();
  auto fiber = spawnFiber(reactor, [&] {
    waitForDeferred(std::move(made.deferred));
    EXPECT_EQ(std::current_exception(), nullptr);
    try {
      throw std::logic_error("the fiber's");
    } catch (const std::logic_error&) {
      return handled();
    }
  });
  try {
    throw std::range_error("the loop's");
  } catch (const std::range_error&) {
    made.resolver.callback();
    EXPECT_EQ(handled(), "the loop's");
  }
  EXPECT_EQ(waitForFiber(reactor, std::move(fiber)), "the fiber's");
}

TEST(FiberExceptionTest, ADestructorMayWaitWhileAnExceptionIsInFlight) {
  struct Cleanup {
    explicit Cleanup(Deferred<void>& d) : awaited(d) {}
    ~Cleanup() {
      EXPECT_EQ(std::uncaught_exceptions(), 1);
      waitForDeferred(std::move(awaited));
      EXPECT_EQ(std::uncaught_exceptions(), 1);
    }
    Deferred<void>& awaited;
  };
  Reactor reactor;
  auto made = newDeferred<void>();
  auto fiber = spawnFiber(reactor, [&] {
    const Cleanup cleanup(made.deferred);
    throw std::runtime_error("still there");
  });
  EXPECT_EQ(std::uncaught_exceptions(), 0);
  made.resolver.callback();
  try {
    waitForFiber(reactor, std::move(fiber));
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "still there");
  }
}

}  // namespace
}  // namespace phial
