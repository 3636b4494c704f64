#include "master/worker/conversation.h"

#include <capnp/message.h>
#include <capnp/rpc.capnp.h>
#include <capnp/serialize.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/unit/pool_worker/owner_fake.h"

namespace phial::detail {
namespace {

using testing::ElementsAre;

struct TwoEnds {
  TwoEnds() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) throw std::runtime_error("no pipe");
    readEnd = kj::AutoCloseFd(ends[0]);
    writeEnd = kj::AutoCloseFd(ends[1]);
  }
  kj::AutoCloseFd readEnd;
  kj::AutoCloseFd writeEnd;
};

// The test is the worker: it writes what it likes into `replies`.
class ConversationTest : public testing::Test {
 protected:
  ~ConversationTest() noexcept override = default;
  ConversationTest() {
    conversation_.emplace(environment_,
                          WorkerLink::Channels{kj::mv(replies_.readEnd), kj::mv(requests_.writeEnd),
                                               kj::mv(files_.master), std::move(arenas_.arenas)},
                          kj::AutoCloseFd(),
                          Conversation::Callbacks{.onEvents = [this] { takeAll(); },
                                                  .onWritten = [] {},
                                                  .onParentNews = [] {},
                                                  .onBell = [] {}});
    conversation_->greet(1);
  }

  void say(const auto& fill) {
    capnp::MallocMessageBuilder builder;
    fill(builder.initRoot<capnp::rpc::Message>());
    capnp::writeMessageToFd(replies_.writeEnd, builder);
  }
  void sayNonsense() {
    say([](auto message) { message.initReturn().setAnswerId(4711); });
  }
  void takeAll() {
    while (conversation_ && conversation_->hasEvent()) {
      const auto event = conversation_->take();
      if (std::holds_alternative<Conversation::Nonsense>(event)) heard_.emplace_back("nonsense");
      if (std::holds_alternative<Conversation::Disconnected>(event)) heard_.emplace_back("end");
      if (afterEach_) afterEach_();
    }
  }
  void turnUntil(const std::function<bool()>& done) {
    for (int i = 0; i < 1000 && !done(); ++i) {
      reactor_.callLater(Duration::zero(), [this] { reactor_.stop(); });
      reactor_.run();
    }
  }

  Reactor reactor_;
  ManualClock clock_;
  PoolOptions options_;
  std::shared_ptr<PoolLog> log_ = std::make_shared<PoolLog>("test", LogFunction());
  OomKills kills_;
  SideThread side_{[this](std::function<void()> f) { reactor_.callFromThread(std::move(f)); }};
  const TakeMemory takeMemory_;
  OwnerFake owner_;
  const StartCalls startCalls_{WorkerPreparation(), WorkerStart()};
  const WorkerEnvironment environment_{reactor_, clock_, options_,    startCalls_, log_,
                                       kills_,   side_,  takeMemory_, owner_};
  TwoEnds requests_;
  TwoEnds replies_;
  FileLane::Ends files_ = FileLane::create();
  NewArenas arenas_ = makeArenas(std::size_t{1} << 20);
  std::vector<std::string> heard_;
  std::function<void()> afterEach_;
  std::optional<Conversation> conversation_;
};

TEST_F(ConversationTest, EventsComeInTheirOrder) {
  sayNonsense();
  replies_.writeEnd = nullptr;
  turnUntil([&] { return heard_.size() > 1; });
  EXPECT_THAT(heard_, ElementsAre("nonsense", "end"));
  EXPECT_EQ(conversation_->sees(), PipeDrain::Sees::nothing);
}

TEST_F(ConversationTest, MayBeDestroyedByWhoeverHandlesAnEvent) {
  afterEach_ = [this] { conversation_.reset(); };
  sayNonsense();
  turnUntil([&] { return !heard_.empty(); });
  EXPECT_THAT(heard_, ElementsAre("nonsense"));
  EXPECT_FALSE(conversation_);
}

TEST_F(ConversationTest, APipeThatEndsIsAnEvent) {
  replies_.writeEnd = nullptr;
  turnUntil([&] { return !heard_.empty(); });
  EXPECT_THAT(heard_, ElementsAre("end"));
}

}  // namespace
}  // namespace phial::detail
