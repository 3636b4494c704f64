// Large messages through shared memory.
#include <gmock/gmock.h>
#include <phial/protocol/arena.h>
#include <phial/protocol/side_thread.h>
#include <sys/stat.h>

#include <chrono>
#include <cstring>
#include <functional>
#include <vector>

#include "tests/support/turnstile.h"
#include "tests/unit/protocol/loop_door.h"
#include "tests/unit/protocol/message_pipe_fixture.h"

namespace phial {
namespace {

using detail::ArenaReference;
using testing::HasSubstr;

constexpr std::size_t kLarge = 3 << 20;
constexpr std::size_t kPage = 4096;

/// A master's pipe and its worker's, in one process.
class MessagePipeArenaTest : public MessagePipeTest {
 protected:
  MessagePipeArenaTest() { connect(16 << 20); }
  ~MessagePipeArenaTest() noexcept override = default;

  void connect(std::size_t arenaBytes, FrameLimits limits = {},
               std::chrono::microseconds keepsMemory = std::chrono::seconds(10)) {
    master_.reset();
    auto [requestRead, requestWrite] = newPipe();
    auto [replyRead, replyWrite] = newPipe();
    toMaster_ = kj::AutoCloseFd(fcntl(replyWrite, F_DUPFD_CLOEXEC, 0));
    auto arenas = detail::makeArenas(arenaBytes);
    requests_ = kj::AutoCloseFd(fcntl(arenas.requests, F_DUPFD_CLOEXEC, 0));
    replies_ = kj::AutoCloseFd(fcntl(arenas.replies, F_DUPFD_CLOEXEC, 0));
    auto ofWorker = detail::adoptArenas(fcntl(arenas.requests, F_DUPFD_CLOEXEC, 0),
                                        fcntl(arenas.replies, F_DUPFD_CLOEXEC, 0));
    arenas.arenas.side = &side_;
    arenas.arenas.takeMemory = [this](std::size_t bytes) { return takeMemory(bytes); };
    arenas.arenas.keepsMemory = ofWorker.keepsMemory = keepsMemory;
    master_ = std::make_unique<MessagePipe>(*base_, kj::mv(replyRead), kj::mv(requestWrite), limits,
                                            std::move(arenas.arenas));
    worker_ = std::make_unique<MessagePipe>(*base_, kj::mv(requestRead), kj::mv(replyWrite),
                                            FrameLimits{}, std::move(ofWorker));
  }

  kj::Promise<void> send(MessagePipe& pipe, TestMessage& message) {
    return pipe.writeMessage(message.builder().getSegmentsForOutput());
  }
  kj::Own<capnp::MessageReader> receive(MessagePipe& pipe) {
    return KJ_ASSERT_NONNULL(pipe.tryReadMessage().wait(scope()));
  }
  std::string masterFailure() {
    return master_->tryReadMessage()
        .then([](auto&&) { return std::string(); },
              [](kj::Exception&& e) { return std::string(e.getDescription().cStr()); })
        .wait(scope());
  }
  /// Sends the master a reference, as a worker of any intent.
  void feedReference(ArenaReference reference) {
    KJ_ASSERT(write(toMaster_, &reference, sizeof reference) == sizeof reference);
  }
  void writeReply(std::size_t offset, const std::string& bytes) {
    KJ_ASSERT(pwrite(replies_, bytes.data(), bytes.size(), static_cast<off_t>(offset)) ==
              static_cast<ssize_t>(bytes.size()));
  }

  std::shared_ptr<std::byte> takeMemory(std::size_t bytes) {
    if (bytes > mostMemory_) throw std::bad_alloc();
    ++blocks_;
    return {new std::byte[bytes], [this](std::byte* memory) {
              delete[] memory;
              --blocks_;
            }};
  }

  /// Runs the loop until an arena has no memory but its header's page.
  void runUntilEmpty(int arena) {
    while (memoryOf(arena) > kPage) event_base_loop(&*base_, EVLOOP_ONCE);
  }
  static std::size_t memoryOf(int arena) {
    struct stat status{};
    KJ_SYSCALL(fstat(arena, &status));
    return static_cast<std::size_t>(status.st_blocks) * 512;
  }

  int blocks_ = 0;  // taken and not given back
  std::size_t mostMemory_ = std::size_t{1} << 30;
  LoopDoor door_{*base_};
  detail::SideThread side_{std::bind_front(&LoopDoor::add, &door_)};
  std::unique_ptr<MessagePipe> master_;
  std::unique_ptr<MessagePipe> worker_;
  kj::AutoCloseFd toMaster_;
  kj::AutoCloseFd requests_;
  kj::AutoCloseFd replies_;
};

TEST_F(MessagePipeArenaTest, LargeMessageLeavesOnlyAReferenceInThePipe) {
  TestMessage message(kLarge);
  for (auto [from, to] : {std::pair(&*master_, &*worker_), std::pair(&*worker_, &*master_)}) {
    auto sent = send(*from, message);
    EXPECT_TRUE(sameData(*receive(*to), message.builder()));
    sent.wait(scope());
    EXPECT_EQ(from->stats().bytesWritten, sizeof(ArenaReference));
    EXPECT_FALSE(from->writePending());
  }
}

TEST_F(MessagePipeArenaTest, OrderIsThatOfWriting) {
  TestMessage a(10), b(kLarge, 1), c(20), d(2 * kLarge, 2), e(30);
  for (auto [from, to] : {std::pair(&*master_, &*worker_), std::pair(&*worker_, &*master_)}) {
    std::vector<kj::Promise<void>> sent;
    for (auto* message : {&a, &b, &c, &d, &e}) sent.push_back(send(*from, *message));
    for (auto* message : {&a, &b, &c, &d, &e}) {
      EXPECT_TRUE(sameData(*receive(*to), message->builder()));
    }
    for (auto& promise : sent) promise.wait(scope());
  }
}

TEST_F(MessagePipeArenaTest, AMessageThatFindsNoRoomGoesThroughThePipe) {
  TestMessage message(12 << 20);
  auto first = send(*master_, message);
  auto held = receive(*worker_);
  auto second = send(*master_, message);
  EXPECT_TRUE(sameData(*receive(*worker_), message.builder()));
  second.wait(scope());
  EXPECT_GT(master_->stats().bytesWritten, std::uint64_t{12} << 20);
  EXPECT_TRUE(sameData(*held, message.builder()));
}

TEST_F(MessagePipeArenaTest, AMessageThatWasReadMakesRoom) {
  TestMessage message(12 << 20);
  for (int i = 0; i < 3; ++i) {
    for (auto [from, to] : {std::pair(&*master_, &*worker_), std::pair(&*worker_, &*master_)}) {
      auto sent = send(*from, message);
      receive(*to);
      sent.wait(scope());
      EXPECT_EQ(from->stats().bytesWritten, (i + 1) * sizeof(ArenaReference));
    }
  }
}

TEST_F(MessagePipeArenaTest, MemoryThatIsNoLongerUsedGoesBackToTheSystem) {
  connect(16 << 20, {}, std::chrono::milliseconds(1));
  TestMessage message(kLarge);
  auto toWorker = send(*master_, message);
  auto held = receive(*worker_);
  auto toMaster = send(*worker_, message);
  receive(*master_);
  runUntilEmpty(replies_);
  // As long has passed for the requests, whose memory is in use.
  EXPECT_GE(memoryOf(requests_), kLarge);
  EXPECT_TRUE(sameData(*held, message.builder()));
  held = nullptr;
  runUntilEmpty(requests_);
}

/// An event of the host's, in each pass of the loop.
class Ticker {
 public:
  explicit Ticker(event_base& base)
      : event_(event_new(
            &base, -1, 0, [](int, short, void* self) { static_cast<Ticker*>(self)->tick(); },
            this)) {
    tick();
  }
  ~Ticker() { event_free(event_); }
  int ticks() const { return ticks_; }

 private:
  void tick() {
    ++ticks_;
    static constexpr timeval kNow{0, 0};
    event_add(event_, &kNow);
  }

  event* event_;
  int ticks_ = 0;
};

TEST_F(MessagePipeArenaTest, TheLoopGoesOnWhileAMessageIsCopied) {
  TestMessage message(15 << 20);
  const Ticker ticker(*base_);
  send(*worker_, message).wait(scope());
  // At 0.3 ms a turn, in which no machine copies 4 MiB.
  EXPECT_GE(ticker.ticks(), 4);
  const Turnstile turnstile(side_);
  auto received = master_->tryReadMessage();
  const int before = ticker.ticks();
  for (int turn = 0; turn < 10; ++turn) EXPECT_FALSE(received.poll(scope()));
  EXPECT_GE(ticker.ticks(), before + 10);
  EXPECT_TRUE(master_->fetching());
}

TEST_F(MessagePipeArenaTest, ASmallerOneIsCopiedOnTheSpot) {
  TestMessage message(400 << 10);
  send(*worker_, message).wait(scope());
  const Turnstile turnstile(side_);
  EXPECT_TRUE(sameData(*receive(*master_), message.builder()));
  EXPECT_EQ(worker_->stats().bytesWritten, sizeof(ArenaReference));
}

TEST_F(MessagePipeArenaTest, ACopyHoldsItsMemoryAsLongAsItLives) {
  TestMessage message(kLarge);
  send(*worker_, message).wait(scope());
  auto copy = receive(*master_);
  EXPECT_EQ(blocks_, 1);
  master_.reset();
  EXPECT_TRUE(sameData(*copy, message.builder()));
  copy = nullptr;
  EXPECT_EQ(blocks_, 0);
}

TEST_F(MessagePipeArenaTest, WithoutMemoryForACopyThePeerIsNotToBlame) {
  TestMessage message(kLarge);
  mostMemory_ = kLarge / 2;
  send(*worker_, message).wait(scope());
  EXPECT_THAT(masterFailure(), HasSubstr("no memory for a frame of 31"));
  EXPECT_TRUE(master_->outOfMemory());
}

TEST_F(MessagePipeArenaTest, ANonsenseReferenceIsAProtocolError) {
  feedReference({.slot = 64, .offset = kPage, .bytes = 64});
  EXPECT_EQ(masterFailure(), "a reference into the arena names a slot that there is not");
  EXPECT_TRUE(master_->error());
  connect(1 << 20);
  feedReference({.offset = kPage, .bytes = std::uint64_t(-8)});
  EXPECT_EQ(masterFailure(), "a reference into the arena names bytes outside of it");
}

TEST_F(MessagePipeArenaTest, AReferenceAboveTheLimitIsAProtocolError) {
  connect(1 << 20, {.maxMessageBytes = 64});
  feedReference({.offset = kPage, .bytes = 72});
  EXPECT_EQ(masterFailure(), "a frame claims 72 bytes; the limit is 64");
}

TEST_F(MessagePipeArenaTest, AMessageOfAnotherSizeThanItsReferenceIsAProtocolError) {
  const std::string frame = TestMessage(100).frame();
  writeReply(kPage, frame);
  feedReference({.offset = kPage, .bytes = frame.size() + 8});
  EXPECT_THAT(masterFailure(), HasSubstr("another size than its reference"));
  connect(1 << 20);
  writeReply(kPage, frame);
  feedReference({.offset = kPage, .bytes = frame.size() - 8});
  EXPECT_THAT(masterFailure(), HasSubstr("another size than its reference"));
  connect(1 << 20);
  writeReply(kPage, std::string(64, '\xff'));
  feedReference({.offset = kPage, .bytes = 64});
  EXPECT_THAT(masterFailure(), HasSubstr("a frame claims 4294967296 segments"));
}

TEST_F(MessagePipeArenaTest, OverlappingReferencesAreEachACopy) {
  TestMessage message(100, 3);
  writeReply(kPage, message.frame());
  for (std::uint32_t slot : {0, 1, 0}) {
    feedReference({.slot = slot, .offset = kPage, .bytes = message.frameBytes()});
  }
  std::vector<kj::Own<capnp::MessageReader>> all;
  for (int i = 0; i < 3; ++i) all.push_back(receive(*master_));
  writeReply(kPage, std::string(message.frameBytes(), '\xff'));
  for (auto& one : all) EXPECT_TRUE(sameData(*one, message.builder()));
}

TEST_F(MessagePipeArenaTest, APeerThatWritesWhileItsMessageIsCopiedHarmsOnlyTheMessage) {
  TestMessage message(kLarge);
  const std::string frame = message.frame();
  writeReply(kPage, frame);
  Turnstile turnstile(side_);
  feedReference({.offset = kPage, .bytes = frame.size()});
  auto promise = master_->tryReadMessage();
  while (!master_->fetching()) EXPECT_FALSE(promise.poll(scope()));
  turnstile.turn();
  EXPECT_FALSE(promise.poll(scope())) << "it takes a dozen steps";
  turnstile.open();
  writeReply(kPage, std::string(frame.size(), '\xff'));
  auto copy = KJ_ASSERT_NONNULL(promise.wait(scope()));
  try {
    dataBytes(*copy);
  } catch (const kj::Exception&) {  // a pointer of what was overwritten
  }
  EXPECT_FALSE(master_->error()) << "the table had been copied before";
}

TEST_F(MessagePipeArenaTest, AReferenceWithoutAnArenaIsAProtocolError) {
  const ArenaReference reference{.offset = kPage, .bytes = 64};
  feed({reinterpret_cast<const char*>(&reference), sizeof reference});
  EXPECT_THAT(readFailure(), HasSubstr("segments; the limit is 512"));
}

TEST_F(MessagePipeArenaTest, WhatADeadPeerHadSaidIsStillRead) {
  TestMessage message(kLarge);
  auto sent = send(*worker_, message);
  sent.wait(scope());
  worker_.reset();
  toMaster_ = nullptr;
  EXPECT_TRUE(master_->readPending());
  EXPECT_TRUE(sameData(*receive(*master_), message.builder()));
  EXPECT_FALSE(master_->readPending());
  EXPECT_TRUE(master_->tryReadMessage().wait(scope()) == nullptr);
}

TEST_F(MessagePipeArenaTest, AReadThatIsDroppedMeanwhileLosesNothing) {
  TestMessage message(kLarge);
  for (const bool alsoHere : {false, true}) {
    send(*worker_, message).wait(scope());
    Turnstile turnstile(side_);
    {
      auto dropped = master_->tryReadMessage();
      EXPECT_FALSE(dropped.poll(scope()));
      while (!master_->fetching()) EXPECT_FALSE(dropped.poll(scope()));
    }
    turnstile.open();
    // Nobody waits when it has been copied, or somebody again.
    while (!alsoHere && master_->fetching()) runEvents();
    EXPECT_TRUE(sameData(*receive(*master_), message.builder()));
  }
}

TEST_F(MessagePipeArenaTest, ThePipeMayGoWhileAMessageIsCopied) {
  TestMessage message(kLarge);
  for (const int steps : {0, 1, 2}) {
    connect(16 << 20);
    send(*worker_, message).wait(scope());
    Turnstile turnstile(side_);
    auto received = master_->tryReadMessage();
    while (!master_->fetching()) EXPECT_FALSE(received.poll(scope()));
    for (int step = 0; step < steps; ++step) turnstile.turn();
    master_.reset();
    EXPECT_THROW(received.wait(scope()), kj::Exception);
  }
}

TEST_F(MessagePipeArenaTest, DroppingAMessageThatIsBeingCopiedFailsLaterWrites) {
  auto message = std::make_unique<TestMessage>(15 << 20);
  auto dropped = send(*master_, *message);
  master_->flush();
  {
    auto gone = kj::mv(dropped);
  }
  message.reset();
  runEvents();
  TestMessage next(5);
  EXPECT_EQ(outcome(send(*master_, next)), "DISCONNECTED");
}

TEST_F(MessagePipeArenaTest, AReferenceToWhatWasNeverWrittenTakesNoMemory) {
  feedReference({.offset = kPage, .bytes = 8 << 20});
  EXPECT_EQ(masterFailure(), "a reference into the arena claims bytes that are not there");
  EXPECT_EQ(blocks_, 0);
}

TEST_F(MessagePipeArenaTest, ATrueTableInFrontOfAHoleTakesNoMemory) {
  const std::uint32_t words = (8u << 20) / 8;
  const std::uint32_t table[] = {0, words};
  writeReply(kPage, {reinterpret_cast<const char*>(table), sizeof table});
  feedReference({.offset = kPage, .bytes = sizeof table + std::uint64_t{words} * 8});
  EXPECT_EQ(masterFailure(), "a reference into the arena claims bytes that are not there");
  EXPECT_EQ(blocks_, 0);
}

TEST_F(MessagePipeArenaTest, AFalseTableTakesNoMemoryThoughTheBytesAreThere) {
  writeReply(kPage, std::string(2 << 20, '\0'));
  feedReference({.offset = kPage, .bytes = 2 << 20});
  EXPECT_THAT(masterFailure(), HasSubstr("another size than its reference"));
  EXPECT_EQ(blocks_, 0);
}

}  // namespace
}  // namespace phial
