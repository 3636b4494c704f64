#include <fcntl.h>
#include <gtest/gtest.h>
#include <phial/master/reactor.h>
#include <phial/protocol/error.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <stdexcept>

namespace phial {
namespace {

using namespace std::chrono_literals;

class WatchTest : public ::testing::Test {
 protected:
  WatchTest() { EXPECT_EQ(pipe2(pipe_, O_CLOEXEC | O_NONBLOCK), 0); }
  ~WatchTest() override {
    close(pipe_[0]);
    close(pipe_[1]);
  }
  void feed() { ASSERT_EQ(write(pipe_[1], "x", 1), 1); }
  void consume() {
    char c;
    ASSERT_EQ(read(pipe_[0], &c, 1), 1);
  }

  int pipe_[2];
  Reactor reactor_;
};

TEST_F(WatchTest, ReaderIsCalledAgainWhileThereIsInput) {
  feed();
  int calls = 0;
  const Watch reader = reactor_.addReader(pipe_[0], [&] {
    if (++calls == 3) reactor_.stop();
  });
  reactor_.run();
  EXPECT_EQ(calls, 3);
}

TEST_F(WatchTest, ReaderIsCalledAtTheEnd) {
  close(pipe_[1]);
  pipe_[1] = -1;
  const Watch reader = reactor_.addReader(pipe_[0], [&] { reactor_.stop(); });
  reactor_.run();
}

TEST_F(WatchTest, WriterIsCalledWhenThereIsRoom) {
  const Watch writer = reactor_.addWriter(pipe_[1], [&] { reactor_.stop(); });
  reactor_.run();
}

TEST_F(WatchTest, DroppedInsideItsOwnCallback) {
  feed();
  auto witness = std::make_shared<int>(7);
  int seen = 0;
  std::optional<Watch> reader = reactor_.addReader(pipe_[0], [&, witness] {
    reader.reset();
    seen = *witness;  // the function outlives its Watch until it returns
    reactor_.callLater(1ms, [&] { reactor_.stop(); });
  });
  reactor_.run();
  EXPECT_EQ(seen, 7);
  EXPECT_EQ(witness.use_count(), 1);
}

TEST_F(WatchTest, StoppedByAnotherCallbackOfTheSameTurn) {
  feed();
  int calls = 0;
  Watch one;
  Watch two;
  one = reactor_.addReader(pipe_[0], [&] {
    ++calls;
    two.stop();
    reactor_.callLater(0s, [&] { reactor_.stop(); });
    one.stop();
  });
  two = reactor_.addReader(pipe_[0], [&] {
    ++calls;
    one.stop();
    reactor_.callLater(0s, [&] { reactor_.stop(); });
    two.stop();
  });
  reactor_.run();
  EXPECT_EQ(calls, 1);
}

TEST_F(WatchTest, AssigningOverAWatchEndsTheOldOne) {
  feed();
  int old = 0;
  Watch watch = reactor_.addReader(pipe_[0], [&] { ++old; });
  watch = reactor_.addReader(pipe_[0], [&] { reactor_.stop(); });
  reactor_.run();
  EXPECT_EQ(old, 0);
}

TEST_F(WatchTest, ThrowingReaderIsReportedAndStaysWatched) {
  feed();
  int errors = 0;
  reactor_.onCallbackError([&](std::exception_ptr) {
    if (++errors == 2) reactor_.stop();
  });
  const Watch reader = reactor_.addReader(pipe_[0], [] { throw std::runtime_error("reader"); });
  reactor_.run();
  EXPECT_EQ(errors, 2);
}

TEST_F(WatchTest, RefusesWhatCannotBeWatched) {
  EXPECT_THROW((void)reactor_.addReader(-1, [] {}), Error);
  const int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(file, 0);
  EXPECT_THROW((void)reactor_.addReader(file, [] {}), Error);
  close(file);
}

TEST(WatchLifeTest, AWatchThatOutlivesItsReactorIsInert) {
  int pipe[2];
  ASSERT_EQ(pipe2(pipe, O_CLOEXEC | O_NONBLOCK), 0);
  Watch watch;
  {
    Reactor reactor;
    watch = reactor.addReader(pipe[0], [] {});
    EXPECT_TRUE(watch.active());
  }
  EXPECT_FALSE(watch.active());
  watch.stop();
  close(pipe[0]);
  close(pipe[1]);
}

}  // namespace
}  // namespace phial
