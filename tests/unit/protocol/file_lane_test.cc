#include "phial/protocol/file_lane.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <phial/protocol/error.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <string>

namespace phial::detail {
namespace {

using testing::HasSubstr;

/// A file whose last holder's end shows: the write end of a pipe.
class Token {
 public:
  Token() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
    readEnd_ = kj::AutoCloseFd(ends[0]);
    writeEnd_ = kj::AutoCloseFd(ends[1]);
  }
  int fd() const { return writeEnd_; }
  void letGo() { writeEnd_ = nullptr; }
  bool held() const {
    char byte;
    return ::read(readEnd_, &byte, 1) != 0;
  }

 private:
  kj::AutoCloseFd readEnd_;
  kj::AutoCloseFd writeEnd_;
};

class FileLaneTest : public testing::Test {
 protected:
  FileLaneTest() : ends_(FileLane::create()), sender_(kj::mv(ends_.master)) {}
  ~FileLaneTest() noexcept override = default;

  void send(std::uint64_t parcel, Token& token) {
    sender_.send(parcel, std::array{token.fd()});
    token.letGo();
  }
  FileLane& receiver() {
    if (receiver_.empty()) receiver_.emplace_back(kj::mv(ends_.worker));
    return receiver_.front();
  }
  std::string receiveError(std::uint64_t parcel, std::size_t files) {
    try {
      receiver().receive(parcel, files);
    } catch (const EncodingError& error) {
      return error.what();
    }
    return "no error";
  }

  FileLane::Ends ends_;
  FileLane sender_;
  std::vector<FileLane> receiver_;
};

TEST_F(FileLaneTest, TheKernelHoldsAFileThatIsUnderWay) {
  Token token;
  send(1, token);
  EXPECT_TRUE(token.held());
  auto files = receiver().receive(1, 1);
  ASSERT_EQ(files.size(), 1u);
  EXPECT_TRUE(token.held());
  EXPECT_NE(::fcntl(files[0], F_GETFD) & FD_CLOEXEC, 0);
  files.clear();
  EXPECT_FALSE(token.held());
}

TEST_F(FileLaneTest, AFileOutlivesItsSender) {
  Token token;
  send(1, token);
  {
    const FileLane gone = kj::mv(sender_);
  }
  EXPECT_EQ(receiver().receive(1, 1).size(), 1u);
}

TEST_F(FileLaneTest, AFileUnderWayGoesWithTheReceiver) {
  Token token;
  send(1, token);
  ends_.worker = nullptr;
  EXPECT_FALSE(token.held());
}

TEST_F(FileLaneTest, SendingToAPeerThatIsGoneIsNoError) {
  ends_.worker = nullptr;
  Token token;
  send(1, token);
  EXPECT_FALSE(token.held());
}

TEST_F(FileLaneTest, ParcelsBeforeTheOneAskedForAreLetGo) {
  Token first;
  Token second;
  Token third;
  send(7, first);
  send(3, second);
  send(9, third);
  const auto files = receiver().receive(3, 1);
  EXPECT_FALSE(first.held());
  EXPECT_TRUE(second.held());
  EXPECT_TRUE(third.held());
  EXPECT_EQ(receiver().receive(9, 1).size(), 1u);
}

TEST_F(FileLaneTest, OneCallLetsGoABoundedNumberOfFilesThatBelongToNothing) {
  const Token token;
  const std::vector<int> many(FileLane::kMostPassedBy, token.fd());
  for (std::uint64_t parcel = 1; parcel <= 3; ++parcel) sender_.send(parcel, many);
  sender_.send(9, std::array{token.fd()});
  EXPECT_THAT(receiveError(9, 1), HasSubstr("too many that belong to nothing lie before them"));
  EXPECT_THAT(receiveError(9, 1), HasSubstr("too many that belong to nothing lie before them"));
  EXPECT_EQ(receiver().receive(9, 1).size(), 1u);
}

TEST_F(FileLaneTest, DiscardedParcelIsLetGo) {
  Token token;
  send(1, token);
  receiver().discard(1, 1);
  EXPECT_FALSE(token.held());
  receiver().discard(2, 1);  // never sent
}

TEST_F(FileLaneTest, OneParcelHoldsMoreFilesThanOneCallCarries) {
  const Token token;
  const std::vector<int> many(600, token.fd());
  sender_.send(1, many);
  EXPECT_EQ(receiver().receive(1, 600).size(), 600u);
}

TEST_F(FileLaneTest, TooManyFilesAreRefusedEitherWay) {
  const Token token;
  EXPECT_THROW(sender_.send(1, std::vector<int>(FileLane::kMostFiles + 1, token.fd())),
               EncodingError);
  EXPECT_THAT(receiveError(1, std::size_t{1} << 31), HasSubstr("a message claims 2147483648"));
}

TEST_F(FileLaneTest, AFullLaneIsAnErrorAndNotAWait) {
  const Token token;
  std::uint64_t sent = 0;
  EXPECT_THROW(for (;; ++sent) sender_.send(sent + 1, std::array{token.fd()}), EncodingError);
  EXPECT_GT(sent, 200u);
  for (std::uint64_t i = 1; i <= sent; ++i) EXPECT_EQ(receiver().receive(i, 1).size(), 1u);
  sender_.send(sent + 1, std::array{token.fd()});
  EXPECT_EQ(receiver().receive(sent + 1, 1).size(), 1u);
}

TEST_F(FileLaneTest, AParcelThatHasNotComeWholeIsAnError) {
  EXPECT_EQ(receiveError(1, 1), "of the message's 1 shared arrays 0 arrived");
  Token token;
  send(2, token);
  EXPECT_EQ(receiveError(2, 3), "of the message's 3 shared arrays 1 arrived");
  EXPECT_FALSE(token.held());
}

TEST_F(FileLaneTest, WhatBearsNoLabelIsLetGo) {
  Token token;
  char byte = 1;
  iovec data{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  const int fd = token.fd();
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  ASSERT_EQ(::sendmsg(ends_.worker, &message, 0), 1);
  token.letGo();
  EXPECT_TRUE(token.held());
  EXPECT_THROW(sender_.receive(1, 1), EncodingError);
  EXPECT_FALSE(token.held());
}

TEST_F(FileLaneTest, AReceiverWithoutDescriptorsLeftLosesNone) {
  const Token token;
  sender_.send(1, std::vector<int>(8, token.fd()));
  const FileLane& lane = receiver();
  static_cast<void>(lane);
  std::size_t open = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
    ++open;
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few{open + 2, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  EXPECT_THAT(receiveError(1, 8), HasSubstr("of the message's 8 shared arrays"));
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  std::size_t after = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
    ++after;
  EXPECT_EQ(after, open);
}

}  // namespace
}  // namespace phial::detail
