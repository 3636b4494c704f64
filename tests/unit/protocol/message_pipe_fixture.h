// What the tests of MessagePipe share: a pipe whose far ends are plain descriptors.
#pragma once

#include <capnp/serialize.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <phial/protocol/loop_bridge.h>
#include <phial/protocol/message_pipe.h>
#include <phial/schema/value.capnp.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <string>
#include <utility>

#include "tests/support/base_free.h"

namespace phial {

inline std::pair<kj::AutoCloseFd, kj::AutoCloseFd> newPipe() {
  int ends[2];
  KJ_SYSCALL(pipe2(ends, O_CLOEXEC));
  return {kj::AutoCloseFd(ends[0]), kj::AutoCloseFd(ends[1])};
}

// A message with one Data of so many bytes, in segments of 128 words.
class TestMessage {
 public:
  explicit TestMessage(std::size_t bytes, kj::byte first = 0)
      : builder_(128, capnp::AllocationStrategy::FIXED_SIZE) {
    auto chunk = builder_.initRoot<schema::Value>().initData(1).init(0, bytes);
    for (std::size_t i = 0; i < bytes; ++i) chunk[i] = static_cast<kj::byte>(first + i * 7);
  }

  capnp::MessageBuilder& builder() { return builder_; }
  std::size_t frameBytes() {
    return capnp::computeSerializedSizeInWords(builder_) * sizeof(capnp::word);
  }
  std::string frame() {
    auto words = capnp::messageToFlatArray(builder_);
    return {words.asChars().begin(), words.asChars().end()};
  }

 private:
  capnp::MallocMessageBuilder builder_;
};

inline std::size_t dataBytes(capnp::MessageReader& message) {
  return message.getRoot<schema::Value>().getData()[0].size();
}

inline bool sameData(capnp::MessageReader& message, capnp::MessageBuilder& sent) {
  return message.getRoot<schema::Value>().getData()[0] ==
         sent.getRoot<schema::Value>().asReader().getData()[0];
}

// A pipe under test in both directions, whose far ends are plain descriptors.
class MessagePipeTest : public testing::Test {
 protected:
  MessagePipeTest() { reset(); }
  ~MessagePipeTest() noexcept override = default;

  void reset(FrameLimits limits = {}) {
    auto [inRead, inWrite] = newPipe();
    auto [outRead, outWrite] = newPipe();
    toPipe_ = kj::mv(inWrite);
    fromPipe_ = kj::mv(outRead);
    KJ_SYSCALL(fcntl(fromPipe_, F_SETFL, O_NONBLOCK));
    pipe_ = std::make_unique<MessagePipe>(*base_, kj::mv(inRead), kj::mv(outWrite), limits);
  }

  void feed(const std::string& bytes) {
    KJ_ASSERT(write(toPipe_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  }

  // What the far end can read now.
  std::string drain(std::size_t atMost = SIZE_MAX) {
    std::string got;
    char buffer[4096];
    while (got.size() < atMost) {
      const ssize_t n = read(fromPipe_, buffer, std::min(sizeof buffer, atMost - got.size()));
      if (n <= 0) break;
      got.append(buffer, n);
    }
    return got;
  }

  void runEvents() { kj::Promise<void>(kj::NEVER_DONE).poll(scope()); }

  kj::Own<capnp::MessageReader> readOne() {
    return KJ_ASSERT_NONNULL(pipe_->tryReadMessage().wait(scope()));
  }

  std::string readFailure() {
    return pipe_->tryReadMessage()
        .then([](auto&&) { return std::string(); },
              [](kj::Exception&& e) { return std::string(e.getDescription().cStr()); })
        .wait(scope());
  }

  // "" when the promise is fulfilled, else how it failed.
  std::string outcome(kj::Promise<void> promise) {
    return promise
        .then([] { return std::string(); },
              [](kj::Exception&& e) {
                return e.getType() == kj::Exception::Type::DISCONNECTED
                           ? std::string("DISCONNECTED")
                           : std::string("FAILED");
              })
        .wait(scope());
  }

  kj::WaitScope& scope() { return bridge_.waitScope(); }

  std::unique_ptr<event_base, BaseFree> base_{event_base_new()};
  LoopBridge bridge_{*base_};
  kj::AutoCloseFd toPipe_;
  kj::AutoCloseFd fromPipe_;
  std::unique_ptr<MessagePipe> pipe_;
};

class IgnoredSigpipe {
 public:
  IgnoredSigpipe() : previous_(std::signal(SIGPIPE, SIG_IGN)) {}
  ~IgnoredSigpipe() { std::signal(SIGPIPE, previous_); }

 private:
  void (*previous_)(int);
};

}  // namespace phial
