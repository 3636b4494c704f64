#include "master/log/standard_error.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace phial::detail {
namespace {

class StandardErrorTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(::pipe(atStart_.data()), 0); }
  void TearDown() override {
    for (const int fd : atStart_) ::close(fd);
    if (file_ >= 0) ::close(file_);
  }

  /// Whether `fd` would do for a program that was started with a pipe for its stderr.
  bool wouldDo(int fd) const {
    return isStderr(DescriptorView::of(atStart_[1]), DescriptorView::of(fd));
  }
  /// Opens a new file.
  int fileFor(int flags) {
    std::array<char, 32> path{"/tmp/phial-stderr-XXXXXX"};
    const int made = ::mkstemp(path.data());
    file_ = ::open(path.data(), flags);
    ::close(made);
    ::unlink(path.data());
    return file_;
  }

  std::array<int, 2> atStart_{};
  int file_ = -1;
};

TEST_F(StandardErrorTest, WhatItWasAtTheStart) {
  EXPECT_TRUE(wouldDo(atStart_[1]));
  ::fcntl(atStart_[1], F_SETFD, FD_CLOEXEC);
  EXPECT_TRUE(wouldDo(atStart_[1]));
}

TEST_F(StandardErrorTest, NotWhatIsClosed) { EXPECT_FALSE(wouldDo(-1)); }

TEST_F(StandardErrorTest, NeverInAProgramThatWasStartedWithout) {
  EXPECT_FALSE(isStderr(std::nullopt, DescriptorView::of(fileFor(O_WRONLY | O_APPEND))));
}

TEST_F(StandardErrorTest, ALogFileThatWasPutInItsPlace) {
  EXPECT_TRUE(wouldDo(fileFor(O_WRONLY)));
  EXPECT_TRUE(wouldDo(fileFor(O_RDWR | O_APPEND)));
}

TEST_F(StandardErrorTest, NotADatabase) { EXPECT_FALSE(wouldDo(fileFor(O_RDWR))); }

TEST_F(StandardErrorTest, NotWhatChildrenAreNotToHave) {
  EXPECT_FALSE(wouldDo(fileFor(O_WRONLY | O_CLOEXEC)));
}

TEST_F(StandardErrorTest, AnotherPipeUnlessItCarriesWakeUps) {
  std::array<int, 2> other{};
  ASSERT_EQ(::pipe(other.data()), 0);
  EXPECT_TRUE(wouldDo(other[1]));
  EXPECT_FALSE(wouldDo(other[0]));
  ::fcntl(other[1], F_SETFL, O_NONBLOCK);
  EXPECT_FALSE(wouldDo(other[1]));
  for (const int fd : other) ::close(fd);
}

TEST_F(StandardErrorTest, NotAClientsConnectionNorAnEventQueue) {
  std::array<int, 2> pair{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()), 0);
  EXPECT_FALSE(wouldDo(pair[0]));
  for (const int fd : pair) ::close(fd);
  const int queue = ::epoll_create1(0);
  EXPECT_FALSE(wouldDo(queue));
  ::close(queue);
}

TEST_F(StandardErrorTest, TheNullDevice) {
  const int null = ::open("/dev/null", O_RDWR);
  EXPECT_TRUE(wouldDo(null));
  ::close(null);
}

}  // namespace
}  // namespace phial::detail
