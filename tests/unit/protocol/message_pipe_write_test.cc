#include "tests/unit/protocol/message_pipe_fixture.h"

#include <vector>

namespace phial {
namespace {

class MessagePipeWriteTest : public MessagePipeTest {};

TEST_F(MessagePipeWriteTest, WritesOfOneTurnAreOneSystemCall) {
  std::string expected;
  std::vector<kj::Promise<void>> promises;
  for (std::size_t i = 0; i < 100; ++i) {
    TestMessage message(i);  // gone before the bytes leave: they are copied
    expected += message.frame();
    promises.push_back(pipe_->writeMessage(message.builder()));
  }
  EXPECT_EQ(drain(), "");
  EXPECT_TRUE(pipe_->writePending());
  for (auto& promise : promises) EXPECT_EQ(outcome(kj::mv(promise)), "");
  runEvents();
  EXPECT_EQ(drain(), expected);
  EXPECT_FALSE(pipe_->writePending());
  const auto stats = pipe_->stats();
  EXPECT_EQ(stats.messagesWritten, 100u);
  EXPECT_EQ(stats.bytesWritten, expected.size());
  EXPECT_EQ(stats.writeCalls, 1u);
}

TEST_F(MessagePipeWriteTest, WriteMessagesWritesAllInOrder) {
  TestMessage first(10), second(20);
  capnp::MessageBuilder* both[] = {&first.builder(), &second.builder()};
  EXPECT_EQ(outcome(pipe_->writeMessages(both)), "");
  runEvents();
  EXPECT_EQ(drain(), first.frame() + second.frame());
  EXPECT_EQ(pipe_->stats().writeCalls, 1u);
}

TEST_F(MessagePipeWriteTest, FlushWritesAtOnce) {
  TestMessage message(10);
  EXPECT_EQ(outcome(pipe_->writeMessage(message.builder())), "");
  TestMessage other(11);
  auto promise = pipe_->writeMessage(other.builder());
  pipe_->flush();
  EXPECT_EQ(drain(), message.frame() + other.frame());
}

TEST_F(MessagePipeWriteTest, SlowReaderOfATinyPipeGetsEveryByteInOrder) {
  ASSERT_GT(fcntl(fromPipe_, F_SETPIPE_SZ, 4096), 0);
  std::string expected, got;
  std::vector<kj::Promise<void>> promises;
  std::vector<std::unique_ptr<TestMessage>> messages;
  for (std::size_t size : {100, 70'000, 3, 200'000, 65'536, 5, 9000}) {
    auto& message = *messages.emplace_back(std::make_unique<TestMessage>(size));
    expected += message.frame();
    promises.push_back(pipe_->writeMessage(message.builder()));
  }
  EXPECT_FALSE(promises[1].poll(scope())) << "large: not ready before it is written";
  EXPECT_TRUE(promises[2].poll(scope())) << "small: copied";
  for (std::size_t piece = 1; got.size() < expected.size(); piece = piece * 5 % 4999) {
    got += drain(piece);
    runEvents();
    ASSERT_LE(got.size(), expected.size());
  }
  EXPECT_TRUE(got == expected);
  for (auto& promise : promises) EXPECT_EQ(outcome(kj::mv(promise)), "");
  EXPECT_FALSE(pipe_->writePending());
}

TEST_F(MessagePipeWriteTest, LargeMessageIsReadyWhenItsLastByteIsWritten) {
  TestMessage message(1 << 20);
  auto promise = pipe_->writeMessage(message.builder());
  std::string got;
  while (got.size() + 65536 < message.frameBytes()) {
    ASSERT_FALSE(promise.poll(scope()));
    got += drain(16384);
  }
  runEvents();
  EXPECT_TRUE(promise.poll(scope()));
  promise.wait(scope());
  got += drain();
  EXPECT_TRUE(got == message.frame());
}

TEST_F(MessagePipeWriteTest, SmallWritesWaitAboveTheHighWaterMark) {
  TestMessage message(30'000);
  std::string expected;
  std::vector<kj::Promise<void>> promises;
  bool waited = false;
  for (int i = 0; i < 60; ++i) {
    promises.push_back(pipe_->writeMessage(message.builder()));
    expected += message.frame();
    waited |= !promises.back().poll(scope());
  }
  EXPECT_TRUE(promises[1].poll(scope()));
  EXPECT_TRUE(waited);
  std::string got;
  while (got.size() < expected.size()) {
    got += drain();
    runEvents();
  }
  EXPECT_TRUE(got == expected);
  for (auto& promise : promises) EXPECT_EQ(outcome(kj::mv(promise)), "");
}

TEST_F(MessagePipeWriteTest, MessagesAboveTheLimitsFailAloneAndSendNothing) {
  TestMessage fits(100);
  reset({.maxMessageBytes = fits.frameBytes(), .maxSegments = 2});
  TestMessage tooLong(200);
  EXPECT_EQ(outcome(pipe_->writeMessage(tooLong.builder())), "FAILED");
  const kj::ArrayPtr<const capnp::word> none[3];
  EXPECT_EQ(outcome(pipe_->writeMessage(none)), "FAILED");
  EXPECT_EQ(outcome(pipe_->writeMessage(fits.builder())), "");
  runEvents();
  EXPECT_EQ(drain(), fits.frame());
}

TEST_F(MessagePipeWriteTest, DescriptorsCannotBeSent) {
  TestMessage message(1);
  const int fds[] = {0};
  EXPECT_EQ(outcome(pipe_->writeMessage(fds, message.builder())), "FAILED");
}

TEST_F(MessagePipeWriteTest, EndDrainsThenClosesWhileReadingGoesOn) {
  ASSERT_GT(fcntl(fromPipe_, F_SETPIPE_SZ, 4096), 0);
  TestMessage message(50'000);
  EXPECT_EQ(outcome(pipe_->writeMessage(message.builder())), "");
  auto ended = pipe_->end();
  EXPECT_EQ(outcome(pipe_->writeMessage(message.builder())), "FAILED") << "after end()";
  EXPECT_FALSE(ended.poll(scope()));
  std::string got;
  while (got.size() < message.frameBytes()) {
    got += drain();
    runEvents();
  }
  EXPECT_TRUE(got == message.frame());
  EXPECT_EQ(outcome(kj::mv(ended)), "");
  char byte;
  EXPECT_EQ(read(fromPipe_, &byte, 1), 0) << "closed";
  feed(TestMessage(5).frame());
  EXPECT_EQ(dataBytes(*readOne()), 5u);
}

TEST_F(MessagePipeWriteTest, EndHappensEvenIfItsPromiseIsDropped) {
  TestMessage message(10);
  EXPECT_EQ(outcome(pipe_->writeMessage(message.builder())), "");
  {
    auto dropped = pipe_->end();
  }
  runEvents();
  EXPECT_EQ(drain(), message.frame());
  char byte;
  EXPECT_EQ(read(fromPipe_, &byte, 1), 0);
}

TEST_F(MessagePipeWriteTest, ClosedPeerFailsWritesAsDisconnected) {
  IgnoredSigpipe ignored;
  TestMessage large(1 << 20);
  auto pending = pipe_->writeMessage(large.builder());
  EXPECT_FALSE(pending.poll(scope()));
  fromPipe_ = nullptr;
  EXPECT_EQ(outcome(kj::mv(pending)), "DISCONNECTED");
  TestMessage small(1);
  EXPECT_EQ(outcome(pipe_->writeMessage(small.builder())), "DISCONNECTED");
  EXPECT_EQ(outcome(pipe_->end()), "DISCONNECTED");
  feed(TestMessage(5).frame());
  EXPECT_EQ(dataBytes(*readOne()), 5u) << "what the peer had said is still read";
}

TEST_F(MessagePipeWriteTest, DroppedLargeWriteEndsWriting) {
  TestMessage large(1 << 20), small(1);
  auto pending = pipe_->writeMessage(large.builder());
  EXPECT_FALSE(pending.poll(scope()));
  auto behind = pipe_->end();
  pending = nullptr;
  EXPECT_EQ(outcome(kj::mv(behind)), "DISCONNECTED");
  EXPECT_EQ(outcome(pipe_->writeMessage(small.builder())), "DISCONNECTED");
  EXPECT_FALSE(pipe_->writePending());
}

}  // namespace
}  // namespace phial
