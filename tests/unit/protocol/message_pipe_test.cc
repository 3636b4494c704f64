#include <cstring>
#include <thread>

#include "tests/unit/protocol/message_pipe_fixture.h"

namespace phial {
namespace {

TEST_F(MessagePipeTest, ReadsManyMessagesWithOneRead) {
  std::string all;
  for (std::size_t i = 0; i < 100; ++i) all += TestMessage(i).frame();
  feed(all);
  for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(dataBytes(*readOne()), i);
  const auto stats = pipe_->stats();
  EXPECT_EQ(stats.messagesRead, 100u);
  EXPECT_EQ(stats.bytesRead, all.size());
  EXPECT_EQ(stats.readCalls, 1u);
}

TEST_F(MessagePipeTest, ReadWaitsForTheRestOfAMessage) {
  TestMessage message(50);
  const std::string frame = message.frame();
  auto promise = pipe_->tryReadMessage();
  for (std::size_t i = 0; i < frame.size(); ++i) {
    EXPECT_FALSE(promise.poll(scope())) << i;
    feed(frame.substr(i, 1));
  }
  ASSERT_TRUE(promise.poll(scope()));
  EXPECT_TRUE(sameData(*KJ_ASSERT_NONNULL(promise.wait(scope())), message.builder()));
}

TEST_F(MessagePipeTest, EndBetweenMessagesIsNullForEverAfter) {
  feed(TestMessage(5).frame());
  toPipe_ = nullptr;
  EXPECT_EQ(dataBytes(*readOne()), 5u);
  EXPECT_TRUE(pipe_->tryReadMessage().wait(scope()) == nullptr);
  EXPECT_TRUE(pipe_->tryReadMessage().wait(scope()) == nullptr);
  EXPECT_FALSE(pipe_->error());
}

TEST_F(MessagePipeTest, EndInsideAMessageIsAProtocolError) {
  const std::string frame = TestMessage(5).frame();
  feed(frame.substr(0, 20));
  toPipe_ = nullptr;
  const std::string expected =
      "the stream ended in the middle of a frame, 20 of " + std::to_string(frame.size()) + " bytes";
  EXPECT_EQ(readFailure(), expected);
  ASSERT_TRUE(pipe_->error());
  EXPECT_EQ(pipe_->error()->what(), expected);
  EXPECT_EQ(readFailure(), expected) << "and it stays so";
}

TEST_F(MessagePipeTest, GarbageIsAProtocolErrorAfterTheMessagesBeforeIt) {
  feed(TestMessage(5).frame() + std::string(64, '\xff'));
  EXPECT_EQ(dataBytes(*readOne()), 5u);
  EXPECT_EQ(readFailure(), "a frame claims 4294967296 segments; the limit is 512");
  EXPECT_TRUE(pipe_->error());
  EXPECT_FALSE(pipe_->readPending()) << "the rest will never be read";
}

TEST_F(MessagePipeTest, OversizedFrameIsAProtocolError) {
  TestMessage message(1000);
  reset({.maxMessageBytes = message.frameBytes() - 1});
  feed(message.frame());
  EXPECT_NE(readFailure().find("the limit is"), std::string::npos);
}

TEST_F(MessagePipeTest, DroppedReadLosesNothing) {
  static_cast<void>(pipe_->tryReadMessage());
  feed(TestMessage(5).frame());
  runEvents();
  EXPECT_EQ(dataBytes(*readOne()), 5u);
}

TEST_F(MessagePipeTest, TwoReadsAtOnceAreRefused) {
  auto first = pipe_->tryReadMessage();
  EXPECT_NE(readFailure(), "");
  feed(TestMessage(5).frame());
  EXPECT_EQ(dataBytes(*KJ_ASSERT_NONNULL(first.wait(scope()))), 5u);
}

TEST_F(MessagePipeTest, UnreadMessagesDoNotKeepTheLoopBusy) {
  {
    auto dropped = pipe_->tryReadMessage();
  }
  feed(TestMessage(5).frame());
  EXPECT_EQ(event_base_loop(base_.get(), EVLOOP_ONCE), 0);
  EXPECT_EQ(event_base_loop(base_.get(), EVLOOP_NONBLOCK), 1) << "no event may be left";
  EXPECT_EQ(pipe_->stats().readCalls, 0u);
}

TEST_F(MessagePipeTest, ReadPendingKnowsBufferAndKernel) {
  EXPECT_FALSE(pipe_->readPending());
  feed(TestMessage(1).frame() + TestMessage(2).frame());
  EXPECT_TRUE(pipe_->readPending()) << "in the kernel";
  readOne();
  EXPECT_TRUE(pipe_->readPending()) << "in the buffer";
  readOne();
  EXPECT_FALSE(pipe_->readPending());
  feed(TestMessage(3).frame().substr(0, 20));
  auto promise = pipe_->tryReadMessage();
  runEvents();
  EXPECT_FALSE(pipe_->readPending()) << "a part of a frame is nothing to wait for";
}

TEST_F(MessagePipeTest, DestructionFailsWhatIsPending) {
  TestMessage large(1 << 20);
  auto reading = pipe_->tryReadMessage();
  auto writing = pipe_->writeMessage(large.builder());
  runEvents();
  pipe_.reset();
  EXPECT_EQ(outcome(reading.ignoreResult()), "DISCONNECTED");
  EXPECT_EQ(outcome(kj::mv(writing)), "DISCONNECTED");
  EXPECT_EQ(event_base_loop(base_.get(), EVLOOP_NONBLOCK), 1) << "no event may be left";
}

TEST_F(MessagePipeTest, DestructionInsideTheQueueIsSafe) {
  TestMessage message(10);
  auto promise = pipe_->writeMessage(message.builder());
  auto destroyed = kj::evalLater([&] { pipe_.reset(); });
  EXPECT_EQ(outcome(kj::mv(destroyed)), "");
  runEvents();
  EXPECT_EQ(drain(), "") << "the flush went with the pipe";
}

TEST_F(MessagePipeTest, BothDescriptorsAreClosed) {
  pipe_.reset();
  char byte;
  EXPECT_EQ(read(fromPipe_, &byte, 1), 0);
  IgnoredSigpipe ignored;
  EXPECT_EQ(write(toPipe_, "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
}

TEST(WidenPipeTest, TellsWhatIsInForce) {
  auto [readEnd, writeEnd] = newPipe();
  EXPECT_EQ(widenPipe(writeEnd, 128 << 10), 128u << 10);
  const std::string content(100'000, 'x');
  ASSERT_EQ(write(writeEnd, content.data(), content.size()), 100'000);
  EXPECT_EQ(widenPipe(writeEnd, 4096), 128u << 10) << "refused, as the pipe holds more";
  auto notAPipe = kj::AutoCloseFd(open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(widenPipe(notAPipe), 0u);
}

class PipeWatcher final : public MessagePipe::Watcher {
 public:
  std::string objectionTo(capnp::MessageReader& message) override {
    return dataBytes(message) == 13 ? "thirteen" : "";
  }
  void onBell() override { ++bells; }
  void onFault() override { ++faults; }

  int bells = 0;
  int faults = 0;
};

TEST_F(MessagePipeTest, AMessageThatTheWatcherObjectsToIsTheLast) {
  PipeWatcher watcher;
  pipe_->watch(watcher, SIZE_MAX);
  feed(TestMessage(12).frame() + TestMessage(13).frame() + TestMessage(14).frame());
  EXPECT_EQ(dataBytes(*readOne()), 12u);
  EXPECT_EQ(watcher.faults, 0);
  EXPECT_EQ(readFailure(), "thirteen");
  EXPECT_EQ(watcher.faults, 1);
  EXPECT_STREQ(pipe_->error()->what(), "thirteen");
}

TEST_F(MessagePipeTest, ManyBellsAreHeardOnceARead) {
  PipeWatcher watcher;
  pipe_->watch(watcher, SIZE_MAX);
  const std::uint32_t bell[] = {FrameReader::kBell, 0};
  std::string bells;
  for (int i = 0; i < 100; ++i) bells.append(reinterpret_cast<const char*>(bell), sizeof bell);
  feed(bells + TestMessage(5).frame());
  EXPECT_EQ(dataBytes(*readOne()), 5u);
  EXPECT_EQ(watcher.bells, 1);
}

TEST_F(MessagePipeTest, RingingWritesEightBytesBehindWholeMessages) {
  pipe_->ring();
  EXPECT_EQ(drain().size(), FrameReader::kBellBytes);
  TestMessage message(2 << 20);
  auto sent = pipe_->writeMessage(message.builder().getSegmentsForOutput());
  pipe_->flush();
  ASSERT_TRUE(pipe_->writePending());
  pipe_->ring();
  std::string got;
  while (pipe_->writePending()) {
    got += drain();
    runEvents();
  }
  got += drain();
  ASSERT_EQ(got.size(), message.frameBytes() + FrameReader::kBellBytes);
  std::uint32_t last[2];
  std::memcpy(last, got.data() + message.frameBytes(), sizeof last);
  EXPECT_EQ(last[0], FrameReader::kBell);
  sent.wait(scope());
}

TEST_F(MessagePipeTest, LargeMessagesThatAreStillHeldAreBounded) {
  PipeWatcher watcher;
  constexpr std::size_t kManyWords = 100 << 10;
  pipe_->watch(watcher, kManyWords + kManyWords / 2);
  const std::string frame = TestMessage(kManyWords).frame();
  std::thread peer([&] {
    for (int i = 0; i < 4; ++i) feed(frame);
  });
  auto first = readOne();
  auto second = readOne();
  auto third = pipe_->tryReadMessage();
  for (int i = 0; i < 50; ++i) runEvents();
  EXPECT_FALSE(third.poll(scope()));
  first = nullptr;
  EXPECT_EQ(dataBytes(*KJ_ASSERT_NONNULL(third.wait(scope()))), kManyWords);
  second = nullptr;
  EXPECT_EQ(dataBytes(*readOne()), kManyWords);
  peer.join();
}

}  // namespace
}  // namespace phial
