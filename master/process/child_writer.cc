#include "master/process/child_writer.h"

#include <phial/master/process_protocol.h>
#include <phial/protocol/large_memory.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "master/process/quiet_write.h"

namespace phial::inline v1::detail {
namespace {

// A program that writes a byte at a time must not cost a string a byte.
constexpr std::size_t kJoinedBytes = 4096;
constexpr std::size_t kMostParts = 64;

Failure closedFirst() {
  return Failure(ChildPipeClosed("the pipe to the child closed before all was written"));
}

}  // namespace

ChildWriter::~ChildWriter() {
  abandon();
  failWaiters();
}

void ChildWriter::watch(Hangup hangup) {
  if (hangup == Hangup::isSeenElsewhere) return;
  // The writing end of a pipe is never readable: the watch fires for the error that the kernel
  // reports when there is no reader left.
  hangup_ = reactor_.addReader(fd_, [this] { lose(); });
}

std::size_t ChildWriter::write(std::string bytes) {
  if (closing_ || lost_ || bytes.empty()) return pendingBytes_;
  const bool idle = queue_.empty();
  keep(std::move(bytes));
  if (idle) flush();
  return pendingBytes_;
}

void ChildWriter::keep(std::string bytes) {
  pendingBytes_ += bytes.size();
  if (!queue_.empty() && queue_.back().size() + bytes.size() <= kJoinedBytes) {
    queue_.back() += bytes;
  } else {
    queue_.push_back(std::move(bytes));
  }
}

void ChildWriter::flush() {
  writeSome();
  if (lost_) return;
  if (!queue_.empty()) {
    watchRoom();
  } else {
    room_.stop();
    if (closing_) lose();
  }
}

// One write a turn: a child that reads as fast as it is written to must not hold the loop.
void ChildWriter::writeSome() {
  if (queue_.empty()) return;
  std::array<iovec, kMostParts> parts{};
  const std::size_t count = std::min(queue_.size(), kMostParts);
  for (std::size_t i = 0; i < count; ++i) parts[i] = {queue_[i].data(), queue_[i].size()};
  parts[0] = {queue_[0].data() + headWritten_, queue_[0].size() - headWritten_};
  const ssize_t written = writeQuietly(fd_, {parts.data(), count});
  if (written >= 0) return drop(static_cast<std::size_t>(written));
  if (errno != EAGAIN && errno != EINTR) lose();
}

void ChildWriter::drop(std::size_t written) {
  pendingBytes_ -= written;
  headWritten_ += written;
  while (!queue_.empty() && headWritten_ >= queue_.front().size()) {
    headWritten_ -= queue_.front().size();
    dropAside(queue_.front());
    queue_.pop_front();
  }
}

void ChildWriter::watchRoom() {
  if (room_.active()) return;
  room_ = reactor_.addWriter(fd_, [this] {
    const auto self = shared_from_this();
    flush();
    if (!lost_) callWaiters();
  });
}

Deferred<void> ChildWriter::whenBelow(std::size_t bytes) {
  if (lost_) return fail<void>(closedFirst());
  if (pendingBytes_ < bytes) return succeed();
  auto made = newDeferred<void>();
  waiters_.push_back({bytes, std::move(made.resolver)});
  return std::move(made.deferred);
}

// The program's code: it may write, close, and wait again.
void ChildWriter::callWaiters() {
  std::vector<Waiter> due;
  for (auto& waiter : std::exchange(waiters_, {})) {
    (pendingBytes_ < waiter.below ? due : waiters_).push_back(std::move(waiter));
  }
  for (auto& waiter : due) waiter.resolver.callback();
}

void ChildWriter::failWaiters() {
  for (auto& waiter : std::exchange(waiters_, {})) waiter.resolver.errback(closedFirst());
}

void ChildWriter::closeWhenWritten() {
  if (std::exchange(closing_, true) || lost_) return;
  if (queue_.empty()) lose();
}

void ChildWriter::abandon() noexcept {
  lost_ = true;
  onLost_ = nullptr;
  hangup_.stop();
  room_.stop();
  for (auto& bytes : queue_) dropAside(bytes);
  queue_.clear();
  pendingBytes_ = 0;
  fd_ = nullptr;
}

void ChildWriter::lose() {
  if (lost_) return;
  const auto onLost = std::move(onLost_);
  abandon();
  reactor_.callSoon([self = shared_from_this(), onLost] {
    self->failWaiters();
    onLost();
  });
}

}  // namespace phial::inline v1::detail
