#include "master/worker/conversation_rules.h"

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <gmock/gmock.h>

#include <functional>
#include <string>

namespace phial::detail {
namespace {

using RpcMessage = capnp::rpc::Message;
using testing::HasSubstr;
using testing::IsEmpty;

class ConversationRulesTest : public testing::Test {
 protected:
  static std::string objectionTo(const std::function<void(RpcMessage::Builder)>& write,
                                 std::size_t unread = 0) {
    capnp::MallocMessageBuilder builder;
    write(builder.initRoot<RpcMessage>());
    capnp::SegmentArrayMessageReader reader(builder.getSegmentsForOutput());
    return ConversationRules().objectionTo(reader, unread);
  }
  // To one of many messages.
  std::string next(const std::function<void(RpcMessage::Builder)>& write) {
    capnp::MallocMessageBuilder builder;
    write(builder.initRoot<RpcMessage>());
    capnp::SegmentArrayMessageReader reader(builder.getSegmentsForOutput());
    return rules_.objectionTo(reader, 0);
  }
  std::string call(std::uint32_t number) {
    return next([number](auto m) { m.initCall().setQuestionId(number); });
  }
  std::string finish(std::uint32_t number) {
    return next([number](auto m) { m.initFinish().setQuestionId(number); });
  }

  ConversationRules rules_;

  static void answer(RpcMessage::Builder message) { message.initReturn().initResults(); }
};

TEST_F(ConversationRulesTest, AWorkersUsualWordsPass) {
  EXPECT_THAT(objectionTo(&ConversationRulesTest::answer), IsEmpty());
  EXPECT_THAT(objectionTo([](auto m) { m.initFinish(); }), IsEmpty());
  EXPECT_THAT(objectionTo([](auto m) { m.initRelease(); }), IsEmpty());
  EXPECT_THAT(objectionTo([](auto m) { m.initResolve(); }), IsEmpty());
}

TEST_F(ConversationRulesTest, AnAbortIsQuotedAndCut) {
  EXPECT_EQ(objectionTo([](auto m) { m.initAbort().setReason("I have had enough"); }),
            "it broke off the conversation: I have had enough");
  const auto cut =
      objectionTo([](auto m) { m.initAbort().setReason(std::string(100'000, 'x').c_str()); });
  EXPECT_THAT(cut, HasSubstr("(the first 1024 of 100000 bytes)"));
  EXPECT_LT(cut.size(), 2000u);
}

TEST_F(ConversationRulesTest, WhatNoWorkerSendsIsRefused) {
  EXPECT_THAT(objectionTo([](auto m) { m.initBootstrap(); }), HasSubstr("master's own interface"));
  EXPECT_THAT(objectionTo([](auto m) { m.initUnimplemented(); }),
              HasSubstr("does not implement what it was asked"));
  EXPECT_THAT(objectionTo([](auto m) { m.initProvide(); }), HasSubstr("which no worker sends"));
  EXPECT_THAT(objectionTo([](auto m) { m.initJoin(); }), HasSubstr("which no worker sends"));
  EXPECT_THAT(objectionTo([](auto m) { m.initObsoleteSave(); }),
              HasSubstr("which no worker sends"));
}

TEST_F(ConversationRulesTest, UnfinishedCallsAreBounded) {
  for (std::uint32_t i = 0; i < ConversationRules::kMostCalls; ++i) EXPECT_THAT(call(i), IsEmpty());
  EXPECT_THAT(call(ConversationRules::kMostCalls), HasSubstr("more than 512 calls"));
  EXPECT_THAT(call(7), HasSubstr("a number that another one has"));
  EXPECT_THAT(finish(7), IsEmpty());
  EXPECT_THAT(finish(7), IsEmpty());
  EXPECT_THAT(finish(1u << 30), IsEmpty());
  EXPECT_THAT(call(7), IsEmpty());
}

TEST_F(ConversationRulesTest, AMillionFinishedCallsPass) {
  for (int i = 0; i < 1'000'000; ++i) {
    ASSERT_THAT(call(0), IsEmpty());
    ASSERT_THAT(finish(0), IsEmpty());
  }
}

TEST_F(ConversationRulesTest, AWorkerMustReadWhatItIsSent) {
  EXPECT_THAT(objectionTo(&ConversationRulesTest::answer, ConversationRules::kMostUnread),
              IsEmpty());
  EXPECT_THAT(objectionTo(&ConversationRulesTest::answer, ConversationRules::kMostUnread + 1),
              HasSubstr("it does not read what it is sent"));
}

TEST_F(ConversationRulesTest, CapabilitiesInOneMessageAreBounded) {
  const auto withCapabilities = [](unsigned count) {
    return objectionTo([count](auto m) { m.initReturn().initResults().initCapTable(count); });
  };
  EXPECT_THAT(withCapabilities(ConversationRules::kMostCapabilities), IsEmpty());
  EXPECT_THAT(withCapabilities(ConversationRules::kMostCapabilities + 1),
              HasSubstr("17 capabilities"));
}

TEST_F(ConversationRulesTest, AMessageThatCannotBeReadIsRefused) {
  // A struct pointer that leads out of the message.
  const std::uint64_t words[] = {0x00000001'7ffffffc};
  const kj::ArrayPtr<const capnp::word> segment(reinterpret_cast<const capnp::word*>(words), 1);
  capnp::SegmentArrayMessageReader reader(kj::arrayPtr(&segment, 1));
  EXPECT_THAT(ConversationRules().objectionTo(reader, 0),
              HasSubstr("a message that cannot be read"));
}

}  // namespace
}  // namespace phial::detail
