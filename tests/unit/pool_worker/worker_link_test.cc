#include "master/worker/worker_link.h"

#include <capnp/message.h>
#include <capnp/rpc.capnp.h>
#include <capnp/serialize.h>
#include <event2/event.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <string>

#include "tests/support/base_free.h"

namespace phial::detail {
namespace {

using capnp::rpc::Message;

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    readEnd = kj::AutoCloseFd(ends[0]);
    writeEnd = kj::AutoCloseFd(ends[1]);
  }
  kj::AutoCloseFd readEnd;
  kj::AutoCloseFd writeEnd;
};

// The test is the worker: it writes what it likes into `replies`.
class WorkerLinkTest : public testing::Test, protected WorkerLink::Listener {
 public:
  ~WorkerLinkTest() noexcept override = default;

 protected:
  void say(const auto& fill) {
    capnp::MallocMessageBuilder builder;
    fill(builder.initRoot<Message>());
    capnp::writeMessageToFd(replies_.writeEnd, builder);
  }
  void turn() { event_base_loop(base_.get(), EVLOOP_NONBLOCK); }

  void onGreeting(WorkerLink::Greeting) override {}
  void onStarted(WorkerLink::Started) override {}
  void onLeaseEnded(std::uint64_t) override {}
  void onAnswer(std::uint64_t, WorkerLink::Answer) override {}
  void onParentNews() override {}
  void onBell() override {}
  void onNonsense(std::string what) override { nonsense_ = std::move(what); }
  void onDisconnect() override {}

  const std::unique_ptr<event_base, BaseFree> base_{event_base_new()};
  LoopBridge bridge_{*base_};
  Pipe requests_;
  Pipe replies_;
  FileLane::Ends files_ = FileLane::create();
  NewArenas arenas_ = makeArenas(std::size_t{1} << 20);
  WorkerLink link_{*base_,
                   {kj::mv(replies_.readEnd), kj::mv(requests_.writeEnd), kj::mv(files_.master),
                    std::move(arenas_.arenas)},
                   std::uint64_t{1} << 20,
                   *this};
  std::string nonsense_;
};

TEST_F(WorkerLinkTest, WhatFollowsNonsenseIsNotWaitedFor) {
  link_.describe("pool", 1, Duration::zero(), {});
  say([](auto message) { message.initReturn().setAnswerId(4711); });
  for (int i = 0; i < 100 && nonsense_.empty(); ++i) turn();
  ASSERT_NE(nonsense_, "");
  say([](auto message) { message.initFinish().setQuestionId(1); });
  EXPECT_FALSE(link_.readPending());
}

}  // namespace
}  // namespace phial::detail
