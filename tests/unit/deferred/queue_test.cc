// DeferredQueue, after Twisted's tests of the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/master/deferred_queue.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace phial {
namespace {

using ::testing::ElementsAre;

class QueueTest : public ::testing::Test {
 protected:
  Deferred<void> consume(DeferredQueue<int>& queue) {
    return queue.get().addCallbacks([this](int n) { seen.push_back(n); },
                                    [this](const Failure& f) { failure = f.type(); });
  }
  std::vector<int> seen;
  std::string failure;
};

TEST_F(QueueTest, KeepsObjectsInOrderForLaterConsumers) {
  DeferredQueue<int> queue;
  queue.put(1);
  queue.put(2);
  EXPECT_EQ(queue.size(), 2u);
  auto a = consume(queue);
  auto b = consume(queue);
  EXPECT_THAT(seen, ElementsAre(1, 2));
}

TEST_F(QueueTest, ServesWaitingConsumersInOrder) {
  DeferredQueue<int> queue;
  std::vector<std::string> served;
  auto a = queue.get().addCallback([&](int n) { served.push_back("a" + std::to_string(n)); });
  auto b = queue.get().addCallback([&](int n) { served.push_back("b" + std::to_string(n)); });
  EXPECT_EQ(queue.waiting(), 2u);
  queue.put(1);
  queue.put(2);
  EXPECT_THAT(served, ElementsAre("a1", "b2"));
  EXPECT_EQ(queue.size(), 0u);
}

TEST_F(QueueTest, OverflowThrowsAndUnderflowFails) {
  DeferredQueue<int> queue({.size = 1, .backlog = 1});
  queue.put(1);
  EXPECT_THROW(queue.put(2), QueueOverflow);
  auto a = consume(queue);
  auto b = consume(queue);
  auto c = consume(queue);
  EXPECT_EQ(failure, "phial::QueueUnderflow");
  EXPECT_THAT(seen, ElementsAre(1));
  queue.put(3);
  EXPECT_THAT(seen, ElementsAre(1, 3));
}

TEST_F(QueueTest, CancelledConsumerLosesNoObject) {
  DeferredQueue<int> queue;
  auto a = consume(queue);
  auto b = consume(queue);
  a.cancel();
  EXPECT_EQ(failure, "phial::CancelledError");
  EXPECT_EQ(queue.waiting(), 1u);
  queue.put(5);
  EXPECT_THAT(seen, ElementsAre(5));
}

TEST_F(QueueTest, CancelAfterBeingServedDoesNothing) {
  DeferredQueue<int> queue;
  auto a = consume(queue);
  queue.put(1);
  a.cancel();
  EXPECT_EQ(failure, "");
}

TEST_F(QueueTest, MoveOnlyObjectsPass) {
  DeferredQueue<std::unique_ptr<int>> queue;
  int got = 0;
  auto d = queue.get().addCallback([&](std::unique_ptr<int> p) { got = *p; });
  queue.put(std::make_unique<int>(4));
  EXPECT_EQ(got, 4);
}

TEST_F(QueueTest, DestroyedItFailsThoseWhoWait) {
  std::optional<DeferredQueue<int>> queue(std::in_place);
  auto d = consume(*queue);
  queue.reset();
  EXPECT_EQ(failure, "phial::CancelledError");
}

}  // namespace
}  // namespace phial
