// What a worker may ask of its parent, without a worker: the calls come from this process.
#include "master/worker/parent_service.h"

#include <event2/event.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/protocol/error.h>
#include <phial/protocol/failure_report.h>
#include <phial/protocol/loop_bridge.h>
#include <phial/protocol/value_capnp.h>

#include <memory>
#include <optional>
#include <string>

#include "tests/support/base_free.h"

namespace phial::detail {
namespace {

using Parent = schema::Parent;
using Answered = capnp::Response<Parent::CallResults>;
using WaitOver = capnp::Response<Parent::AwaitResults>;

class ParentServiceTest : public ::testing::Test {
 protected:
  // Also where that of a client may throw, by its declaration.
  ~ParentServiceTest() noexcept override = default;

  auto call(std::uint64_t number, const std::string& function = "twice") {
    auto request = client_.callRequest();
    auto call = request.initCall();
    call.setJob(7);
    call.setNumber(number);
    call.setFunction(function.c_str());
    encode(21, call.initArguments(1)[0]);
    return request.send();
  }
  auto await(std::initializer_list<std::uint64_t> calls) {
    auto request = client_.awaitRequest();
    request.setJob(7);
    auto list = request.initCalls(static_cast<unsigned>(calls.size()));
    unsigned i = 0;
    for (const auto each : calls) list.set(i++, each);
    return request.send();
  }
  void turn() { bridge_.runQueue(); }

  const std::unique_ptr<event_base, BaseFree> base_{event_base_new()};
  LoopBridge bridge_{*base_};
  int news_ = 0;
  std::optional<ParentService> service_{std::in_place, [this] { ++news_; }};
  Parent::Client client_ = service_->client();
};

TEST_F(ParentServiceTest, ACallIsTakenOnceAndAnswered) {
  auto promise = call(1);
  turn();
  EXPECT_EQ(news_, 1);
  const auto taken = service_->takeCall();
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->job, 7U);
  EXPECT_EQ(taken->function, "twice");
  EXPECT_EQ(decode<int>(taken->arguments()[0]), 21);
  EXPECT_FALSE(service_->takeCall());
  capnp::MallocMessageBuilder message;
  encode(42, message.initRoot<schema::Value>());
  taken->keepResult(message.getRoot<schema::Value>().asReader());
  taken->succeed();
  EXPECT_FALSE(taken->wanted());
  EXPECT_EQ(decode<int>(promise.wait(bridge_.waitScope()).getResult().getValue()), 42);
  EXPECT_TRUE(service_->takeGone().empty());
}

TEST_F(ParentServiceTest, AFailureComesWhole) {
  auto promise = call(1);
  turn();
  service_->takeCall()->fail(Failure(QueueFull("full")));
  const auto answer = promise.wait(bridge_.waitScope());
  EXPECT_TRUE(readReport(answer.getResult().getFailure()).check<QueueFull>());
}

TEST_F(ParentServiceTest, ACallThatIsTakenBackEarlyLeavesNothing) {
  for (int i = 0; i < 100; ++i) {
    auto promise = call(1);
    turn();
  }
  turn();
  EXPECT_FALSE(service_->takeCall());
  EXPECT_TRUE(service_->takeGone().empty());
}

TEST_F(ParentServiceTest, ACallThatIsTakenBackLaterIsReported) {
  std::shared_ptr<ChildCall> taken;
  {
    auto promise = call(5);
    turn();
    taken = service_->takeCall();
  }
  turn();
  EXPECT_FALSE(taken->wanted());
  taken->succeed();
  taken->fail(Failure(QueueFull("full")));
  const auto gone = service_->takeGone();
  ASSERT_EQ(gone.size(), 1U);
  EXPECT_EQ(gone.front().number, 5U);
}

TEST_F(ParentServiceTest, AWaitLastsUntilItIsEnded) {
  auto promise = await({1, 2});
  turn();
  EXPECT_TRUE(service_->waitChanged());
  ASSERT_NE(service_->wait(), nullptr);
  EXPECT_THAT(service_->wait()->calls, ::testing::ElementsAre(1, 2));
  service_->endWait(JobWaitEnd::tooMany, "too many");
  EXPECT_EQ(service_->wait(), nullptr);
  const auto over = promise.wait(bridge_.waitScope());
  EXPECT_EQ(over.getEnd().getReason(), schema::WaitEnd::Reason::TOO_MANY);
  EXPECT_STREQ(over.getEnd().getText().cStr(), "too many");
}

TEST_F(ParentServiceTest, AWaitThatIsGivenUpIsOver) {
  {
    auto promise = await({});
    turn();
    EXPECT_TRUE(service_->waitChanged());
  }
  turn();
  EXPECT_TRUE(service_->waitChanged());
  EXPECT_EQ(service_->wait(), nullptr);
}

TEST_F(ParentServiceTest, ASecondWaitDoesNotReplaceTheFirst) {
  auto first = await({1});
  turn();
  auto second = await({2}).wait(bridge_.waitScope());
  EXPECT_EQ(second.getEnd().getReason(), schema::WaitEnd::Reason::CANCELLED);
  EXPECT_THAT(service_->wait()->calls, ::testing::ElementsAre(1));
}

TEST_F(ParentServiceTest, TheEndOfAWaitLeavesTheNextAlone) {
  auto first = await({1});
  turn();
  service_->endWait(JobWaitEnd::answered, {});
  auto second = await({2});
  turn();
  ASSERT_NE(service_->wait(), nullptr);
  EXPECT_THAT(service_->wait()->calls, ::testing::ElementsAre(2));
}

TEST_F(ParentServiceTest, NonsenseIsRefused) {
  EXPECT_ANY_THROW(call(1, std::string(5000, 'x')).wait(bridge_.waitScope()));
  auto request = client_.awaitRequest();
  request.initCalls(5000);
  EXPECT_ANY_THROW(request.send().wait(bridge_.waitScope()));
  EXPECT_FALSE(service_->takeCall());
  EXPECT_EQ(service_->wait(), nullptr);
}

TEST_F(ParentServiceTest, CallsMayOutliveIt) {
  auto promise = call(1);
  turn();
  const auto taken = service_->takeCall();
  service_.reset();
  taken->fail(Failure(QueueFull("full")));
  promise.wait(bridge_.waitScope());
}

}  // namespace
}  // namespace phial::detail
