#include "master/worker/item_channel.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace phial::detail {
namespace {

class ItemChannelTest : public ::testing::Test {
 protected:
  ItemChannelTest() : mapping_(ControlPageMapping::adopt(::dup(page_.fd()))) {
    channel_.begin(7, *stream_, 1024, page_, 0);
  }
  ~ItemChannelTest() noexcept override = default;

  /// As the worker: one item of a word.
  void emit() {
    const std::uint64_t words[] = {1, 42};
    writer_.append(words);
    writer_.publish();
  }
  std::uint64_t taken() const { return mapping_.page().items.taken.load(); }

  InFlight jobs_;
  WorkerPage page_{jobs_};
  ControlPageMapping mapping_;
  std::shared_ptr<ItemStream> stream_ = std::make_shared<ItemStream>(std::nullopt);
  int rings_ = 0;
  std::string complaint_;
  ItemChannel channel_{{.ringWorker = [this] { ++rings_; },
                        .complain = [this](std::string what) { complaint_ = std::move(what); }}};
  ItemRingWriter writer_{mapping_.page().items, mapping_.results(), 0};
};

TEST_F(ItemChannelTest, WhatTheWorkerHasWrittenIsTakenWhenItIsDone) {
  emit();
  EXPECT_EQ(taken(), 0u) << "nobody has asked";
  EXPECT_EQ(channel_.finish(8), "") << "another job";
  EXPECT_EQ(taken(), 0u);
  EXPECT_EQ(channel_.finish(7), "");
  EXPECT_EQ(taken(), 2u);
  EXPECT_TRUE(stream_->anyArrived());
}

TEST_F(ItemChannelTest, AWrongCountIsAFaultOfItsJob) {
  mapping_.page().items.written.store(kItemRingWords + 1);
  EXPECT_NE(channel_.finish(7), "");
  EXPECT_NE(complaint_, "");
  EXPECT_FALSE(stream_->anyArrived());
}

TEST_F(ItemChannelTest, ACancelledWriterIsRungIfItSleeps) {
  channel_.wakeForCancel(7);
  EXPECT_EQ(rings_, 0);
  writer_.beginWait();
  channel_.wakeForCancel(8);
  EXPECT_EQ(rings_, 0);
  channel_.wakeForCancel(7);
  EXPECT_EQ(rings_, 1);
}

TEST_F(ItemChannelTest, AForkedChildTakesNothing) {
  emit();
  const pid_t child = ::fork();
  if (child == 0) {
    channel_.finish();
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(taken(), 0u);
}

}  // namespace
}  // namespace phial::detail
