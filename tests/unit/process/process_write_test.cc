// Writing to a child: order, back-pressure, closing, and pipes that nobody reads.
#include <algorithm>
#include <csignal>

#include "tests/unit/process/protocol_fixture.h"

namespace phial {
namespace {

constexpr std::size_t kPipeBytes = std::size_t{64} << 10;

class ProcessWriteTest : public ProtocolFixture {};

TEST_F(ProcessWriteTest, ManyWritesArriveInOrderAndWhole) {
  const auto child = spawn("cat");
  std::string expected;
  for (int i = 0; i < 20'000; ++i) {
    std::string part = std::to_string(i) + (i % 1000 == 0 ? std::string(50'000, 'x') : ",");
    expected += part;
    child->transport().write(std::move(part));
  }
  EXPECT_GT(child->transport().writeSequence({"the ", "end"}), 0U);
  expected += "the end";
  child->transport().closeStdin();
  child->transport().write("after the close");
  runToEnd(child);
  EXPECT_EQ(child->data[1], expected);
}

TEST_F(ProcessWriteTest, WhatTheChildDoesNotReadWaitsAndIsCounted) {
  const auto child = spawn("read x; cat >/dev/null");
  const std::size_t waiting = child->transport().write(std::string(1U << 20U, 'x'));
  EXPECT_EQ(waiting, (1U << 20U) - kPipeBytes);
  EXPECT_EQ(child->transport().pendingBytes(), waiting);
  child->transport().signalProcess(SIGKILL);
  runToEnd(child);
  EXPECT_EQ(child->transport().pendingBytes(), 0U);
}

TEST_F(ProcessWriteTest, WhenBelowFiresAsTheChildReads) {
  const auto child = spawn("cat >/dev/null");
  child->transport().write(std::string(4U << 20U, 'x'));
  ASSERT_GT(child->transport().pendingBytes(), 1U << 20U);
  EXPECT_TRUE(await(child->transport().whenBelow(0, 1U << 20U)).ok());
  EXPECT_LT(child->transport().pendingBytes(), 1U << 20U);
  EXPECT_TRUE(await(child->transport().whenBelow(0, 1)).ok());
  EXPECT_EQ(child->transport().pendingBytes(), 0U);
  EXPECT_TRUE(child->transport().whenBelow(0, 1).called()) << "at once";
  child->transport().closeStdin();
  runToEnd(child);
  EXPECT_TRUE(await(child->transport().whenBelow(0, 1)).failure().check<ChildPipeClosed>());
}

TEST_F(ProcessWriteTest, WhenBelowFailsWhenTheChildDiesFirst) {
  const auto child = spawn("exec sleep 1000");
  child->transport().write(std::string(1U << 20U, 'x'));
  auto written = child->transport().whenBelow(0, 1);
  auto cancelled = child->transport().whenBelow(0, 1);
  cancelled.cancel();
  std::move(cancelled).addErrback([](const Failure& f) { f.trap<CancelledError>(); });
  kill(child->transport().pid(), SIGKILL);
  EXPECT_TRUE(await(std::move(written)).failure().check<ChildPipeClosed>());
  runToEnd(child);
}

TEST_F(ProcessWriteTest, AGigabyteForAChildThatNeverReadsBlocksNothingAndGoesAway) {
  const auto child = spawn("exec sleep 1000");
  // Not touched: an untouched page costs no memory.
  std::string large;
  large.resize(std::size_t{1} << 28U);
  for (int i = 0; i < 4; ++i) child->transport().write(large);
  EXPECT_EQ(child->transport().pendingBytes(), (std::size_t{1} << 30U) - kPipeBytes);
  child->transport().closeStdin();
  EXPECT_FALSE(child->endReason.has_value());
  child->transport().signalProcess(SIGKILL);
  runToEnd(child);
  EXPECT_EQ(child->transport().pendingBytes(), 0U);
}

TEST_F(ProcessWriteTest, AChildThatClosesItsInputRaisesNoSigpipe) {
  struct sigaction before{};
  sigaction(SIGPIPE, nullptr, &before);
  signal(SIGPIPE, SIG_DFL);  // which would end this test
  const auto child = spawn("exec <&-; echo closed; exec sleep 1000");
  runToText(child, 1, "closed");
  for (int i = 0; i < 3; ++i) child->transport().write("nobody reads this");
  if (child->events.back() != "lost 0") runTo(child, "lost 0");
  EXPECT_EQ(child->transport().write("nor this"), 0U);
  child->transport().signalProcess(SIGKILL);
  runToEnd(child);
  sigset_t pending;
  sigpending(&pending);
  EXPECT_EQ(sigismember(&pending, SIGPIPE), 0);
  sigaction(SIGPIPE, &before, nullptr);
}

TEST_F(ProcessWriteTest, ASigpipeThatTheHostHasPendingStaysPending) {
  sigset_t pipe;
  sigset_t before;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, &before);
  raise(SIGPIPE);
  const auto child = spawn("exec <&-; echo closed; exec sleep 1000");
  // A write before the loop has seen the end: it fails with EPIPE.
  while (child->data[1].empty()) runTo(child, "data");
  child->transport().write("nobody reads this");
  sigset_t pending;
  sigpending(&pending);
  EXPECT_EQ(sigismember(&pending, SIGPIPE), 1);
  const timespec now{};
  sigtimedwait(&pipe, nullptr, &now);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  child->transport().signalProcess(SIGKILL);
  runToEnd(child);
}

TEST_F(ProcessWriteTest, ClosingTheOutputGivesTheChildSigpipe) {
  const auto child = spawn("read x; echo out; exec sleep 1000");
  child->transport().closeStdout();
  runTo(child, "lost 1");
  child->transport().write("go\n");
  runToEnd(child);
  EXPECT_EQ(child->endReason->as<ProcessExit>()->signal(), SIGPIPE);
  EXPECT_EQ(child->data[1], "");
}

TEST_F(ProcessWriteTest, ASingleDescriptorIsClosedAloneAndOnce) {
  const auto child = spawn("cat; echo err >&2");
  child->transport().closeStderr();
  child->transport().closeChildFD(2);
  child->transport().closeChildFD(77);
  child->transport().write("still read");
  child->transport().closeStdin();
  runToEnd(child);
  EXPECT_EQ(child->data[1], "still read");
  EXPECT_EQ(child->data[2], "");
  EXPECT_EQ(std::count(child->events.begin(), child->events.end(), "lost 2"), 1);
}

TEST_F(ProcessWriteTest, APausedProtocolHearsNothingUntilItResumes) {
  const auto child = spawn("echo before; read x; exec dd if=/dev/zero bs=1M count=1 2>/dev/null");
  runToText(child, 1, "before");
  child->transport().pauseProducing();
  child->transport().write("go\n");
  const auto heard = child->data[1].size();
  for (int i = 0; i < 50; ++i) {
    reactor_->callLater(Duration::zero(), [&] { reactor_->stop(); });
    reactor_->run();
  }
  EXPECT_EQ(child->data[1].size(), heard);
  child->transport().resumeProducing();
  child->transport().resumeProducing();
  runToEnd(child);
  EXPECT_EQ(child->data[1].size(), heard + (1U << 20U));
}

}  // namespace
}  // namespace phial
