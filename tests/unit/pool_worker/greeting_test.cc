#include "master/worker/greeting.h"

#include <capnp/message.h>
#include <gmock/gmock.h>
#include <phial/protocol/worker_contract.h>

#include <functional>
#include <string>

namespace phial::detail {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class GreetingTest : public testing::Test {
 protected:
  ~GreetingTest() noexcept override = default;

  // Of a worker of this build, with `change` made to it.
  std::string read(const std::function<void(schema::WorkerInfo::Builder)>& change) {
    capnp::MallocMessageBuilder message;
    auto greeting = message.initRoot<schema::Worker::DescribeResults>();
    auto info = greeting.initWorker();
    const auto build = buildId();
    info.setProtocolVersion(schema::PROTOCOL_VERSION);
    info.setBuildId(capnp::Text::Reader(build.data(), build.size()));
    change(info);
    return readGreeting(greeting.asReader(), functions_);
  }

  FunctionIndex functions_;
};

TEST_F(GreetingTest, BringsTheFunctionsInTheWorkersOrder) {
  EXPECT_THAT(read([](auto info) {
                auto functions = info.initFunctions(2);
                functions[0].setName("area");
                functions[1].setName("volume");
              }),
              IsEmpty());
  EXPECT_EQ(functions_.find("volume").index, 1U);
  EXPECT_EQ(functions_.name(0), "area");
}

TEST_F(GreetingTest, AnotherVersionOrBuildIsNamed) {
  EXPECT_THAT(read([](auto info) { info.setProtocolVersion(77); }),
              HasSubstr("it speaks protocol version 77"));
  EXPECT_THAT(read([](auto info) { info.setBuildId("another"); }),
              HasSubstr("it holds another build of Phial: \"another\""));
  EXPECT_EQ(functions_.size(), 0U);
}

TEST_F(GreetingTest, AFailedStartIsQuotedAndNotBelievedAtLength) {
  const auto objection = read([](auto info) {
    auto failure = info.initStartFailure();
    failure.initTypes(1).set(0, "std::runtime_error");
    failure.setMessage(std::string(100'000, 'x').c_str());
  });
  EXPECT_THAT(objection, HasSubstr("its onStart threw std::runtime_error: xxx"));
  EXPECT_LT(objection.size(), 20'000U);
}

TEST_F(GreetingTest, FunctionsWithoutEndAreRefused) {
  EXPECT_THAT(read([](auto info) { info.initFunctions(5000); }),
              HasSubstr("it offers 5000 functions; the limit is 4096"));
  EXPECT_EQ(functions_.size(), 0U);
}

TEST_F(GreetingTest, OneThatCannotBeReadIsRefused) {
  // The pointer to the functions leads outside of the message.
  capnp::MallocMessageBuilder message;
  auto info = message.initRoot<schema::Worker::DescribeResults>().initWorker();
  const auto build = buildId();
  info.setProtocolVersion(schema::PROTOCOL_VERSION);
  info.setBuildId(capnp::Text::Reader(build.data(), build.size()));
  info.initFunctions(1);
  const auto segments = message.getSegmentsForOutput();
  const auto cut = segments[0].slice(0, segments[0].size() - 2);
  capnp::SegmentArrayMessageReader reader(kj::arrayPtr(&cut, 1));
  EXPECT_THAT(readGreeting(reader.getRoot<schema::Worker::DescribeResults>(), functions_),
              HasSubstr("its handshake cannot be read"));
}

}  // namespace
}  // namespace phial::detail
