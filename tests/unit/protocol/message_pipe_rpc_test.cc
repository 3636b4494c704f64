// Cap'n Proto's own RPC over two MessagePipes in one thread.
#include <capnp/rpc-twoparty.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <phial/protocol/loop_bridge.h>
#include <phial/protocol/message_pipe.h>
#include <phial/schema/worker.capnp.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <optional>
#include <vector>

#include "tests/support/base_free.h"

namespace phial {
namespace {

// Describes itself, and returns the first argument of the first job.
class EchoWorker final : public schema::Worker::Server {
 protected:
  kj::Promise<void> describe(DescribeContext context) override {
    auto info = context.getResults().initWorker();
    info.setPid(context.getParams().getMaster().getPid() + 1);
    info.setBuildId("echo");
    return kj::READY_NOW;
  }
  kj::Promise<void> run(RunContext context) override {
    const auto job = context.getParams().getJobs()[0];
    auto result = context.getResults().initResult();
    result.setId(job.getId());
    result.setValue(job.getArguments()[0]);
    return kj::READY_NOW;
  }
};

class MessagePipeRpcTest : public testing::Test {
 protected:
  static kj::Own<MessagePipe> pipeOf(event_base& base, int readFd, int writeFd) {
    return kj::heap<MessagePipe>(base, kj::AutoCloseFd(readFd), kj::AutoCloseFd(writeFd));
  }

  MessagePipeRpcTest() {
    int requests[2], replies[2];
    KJ_SYSCALL(pipe2(requests, O_CLOEXEC));
    KJ_SYSCALL(pipe2(replies, O_CLOEXEC));
    masterPipe_ = pipeOf(*base_, replies[0], requests[1]);
    workerPipe_ = pipeOf(*base_, requests[0], replies[1]);
    const capnp::ReaderOptions large{.traversalLimitInWords = std::uint64_t{1} << 30};
    masterNetwork_.emplace(*masterPipe_, capnp::rpc::twoparty::Side::CLIENT, large);
    workerNetwork_.emplace(*workerPipe_, capnp::rpc::twoparty::Side::SERVER, large);
    master_.emplace(capnp::makeRpcClient(*masterNetwork_));
    worker_.emplace(capnp::makeRpcServer(*workerNetwork_, kj::heap<EchoWorker>()));
  }

  ~MessagePipeRpcTest() noexcept override = default;

  schema::Worker::Client client() {
    capnp::MallocMessageBuilder builder;
    auto vat = builder.initRoot<capnp::rpc::twoparty::VatId>();
    vat.setSide(capnp::rpc::twoparty::Side::SERVER);
    return master_->bootstrap(vat).castAs<schema::Worker>();
  }

  using System = capnp::RpcSystem<capnp::rpc::twoparty::VatId>;

  std::unique_ptr<event_base, BaseFree> base_{event_base_new()};
  LoopBridge bridge_{*base_};
  kj::Own<MessagePipe> masterPipe_;
  kj::Own<MessagePipe> workerPipe_;
  std::optional<capnp::TwoPartyVatNetwork> masterNetwork_;
  std::optional<capnp::TwoPartyVatNetwork> workerNetwork_;
  std::optional<System> master_;
  std::optional<System> worker_;
};

TEST_F(MessagePipeRpcTest, CallsAreAnswered) {
  auto request = client().describeRequest();
  request.initMaster().setPid(41);
  auto response = request.send().wait(bridge_.waitScope());
  EXPECT_EQ(response.getWorker().getPid(), 42);
  EXPECT_EQ(response.getWorker().getBuildId(), "echo");
}

TEST_F(MessagePipeRpcTest, CallsAreAnsweredWhileTheHostDispatches) {
  auto request = client().describeRequest();
  request.initMaster().setPid(1);
  int pid = 0;
  auto promise = request.send()
                     .then([&](auto&& response) {
                       pid = response.getWorker().getPid();
                       event_base_loopbreak(base_.get());
                     })
                     .eagerlyEvaluate(nullptr);
  event_base_dispatch(base_.get());
  EXPECT_EQ(pid, 2);
}

TEST_F(MessagePipeRpcTest, ManyCallsShareSystemCalls) {
  auto worker = client();
  worker.whenResolved().wait(bridge_.waitScope());
  const auto before = masterPipe_->stats();
  std::vector<kj::Promise<void>> calls;
  for (int i = 0; i < 200; ++i) calls.push_back(worker.describeRequest().send().ignoreResult());
  for (auto& call : calls) call.wait(bridge_.waitScope());
  const auto after = masterPipe_->stats();
  EXPECT_GE(after.messagesWritten - before.messagesWritten, 200u);
  EXPECT_GE(after.messagesRead - before.messagesRead, 200u);
  EXPECT_LE(after.writeCalls - before.writeCalls, 10u);
  EXPECT_LE(after.readCalls - before.readCalls, 10u);
}

TEST_F(MessagePipeRpcTest, CarriesAHundredMebibytesThereAndBack) {
  constexpr std::size_t kBytes = 100 << 20;
  auto request = client().runRequest();
  auto argument = request.initJobs(1)[0].initArguments(1)[0];
  auto chunk = argument.initData(1).init(0, kBytes);
  for (std::size_t i = 0; i < kBytes; i += 4096) chunk[i] = static_cast<kj::byte>(i >> 12);
  auto response = request.send().wait(bridge_.waitScope());
  const auto back = response.getResult().getValue().getData()[0];
  ASSERT_EQ(back.size(), kBytes);
  for (std::size_t i = 0; i < kBytes; i += 4096) {
    ASSERT_EQ(back[i], static_cast<kj::byte>(i >> 12));
    ASSERT_EQ(back[i + 1], 0);
  }
}

TEST_F(MessagePipeRpcTest, PeersEndDisconnects) {
  auto* previous = std::signal(SIGPIPE, SIG_IGN);  // nothing keeps the request pipe's read end open
  auto worker = client();
  worker.whenResolved().wait(bridge_.waitScope());
  worker_.reset();
  workerNetwork_.reset();
  workerPipe_ = nullptr;
  masterNetwork_->onDisconnect().wait(bridge_.waitScope());
  EXPECT_THROW(worker.describeRequest().send().wait(bridge_.waitScope()), kj::Exception);
  std::signal(SIGPIPE, previous);
}

}  // namespace
}  // namespace phial
