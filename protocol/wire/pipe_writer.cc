#include "protocol/wire/pipe_writer.h"

#include <fcntl.h>
#include <kj/debug.h>
#include <phial/protocol/thresholds.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace phial::inline v1::detail {

namespace {

using capnp::word;

constexpr std::size_t kPieces = 128;  // in one writev

constexpr timeval kNextPass{0, 0};

std::size_t tableBytes(std::size_t segments) { return (segments / 2 + 1) * sizeof(word); }

std::uint64_t frameBytes(PipeWriter::Segments message) {
  std::uint64_t bytes = tableBytes(message.size());
  for (const auto& segment : message) bytes += segment.asBytes().size();
  return bytes;
}

// How far behind a page's beginning a frame is to begin so that its largest segment lies in its
// cache lines as it does where it is copied from: that copy is then an eighth to a fifth faster.
std::size_t leadOf(PipeWriter::Segments message) {
  constexpr std::size_t kCacheLineBytes = 64;
  std::size_t at = tableBytes(message.size());
  std::size_t largestAt = at;
  kj::ArrayPtr<const kj::byte> largest;
  for (const auto segment : message) {
    const auto bytes = segment.asBytes();
    if (bytes.size() > largest.size()) {
      largest = bytes;
      largestAt = at;
    }
    at += bytes.size();
  }
  return (reinterpret_cast<std::uintptr_t>(largest.begin()) - largestAt) % kCacheLineBytes;
}

void appendNumber(std::vector<kj::byte>& to, std::uint32_t number) {
  for (int shift = 0; shift < 32; shift += 8) to.push_back(number >> shift & 0xff);
}

void appendTable(std::vector<kj::byte>& to, PipeWriter::Segments message) {
  appendNumber(to, message.size() - 1);
  for (const auto& segment : message) appendNumber(to, segment.size());
  if (message.size() % 2 == 0) appendNumber(to, 0);
}

// Fills `pieces` with what follows the first `skip` bytes; returns how many it used.
class Gather {
 public:
  explicit Gather(std::size_t skip) : skip_(skip) {}

  void add(kj::ArrayPtr<const kj::byte> bytes) {
    if (skip_ >= bytes.size()) {
      skip_ -= bytes.size();
    } else if (used_ < kPieces) {
      bytes = bytes.slice(skip_, bytes.size());
      skip_ = 0;
      pieces_[used_++] = {const_cast<kj::byte*>(bytes.begin()), bytes.size()};
      bytes_ += bytes.size();
    }
  }
  bool full() const { return used_ == kPieces; }
  std::size_t bytes() const { return bytes_; }
  ssize_t write(int fd) const { return ::writev(fd, pieces_.data(), used_); }

 private:
  std::size_t skip_;
  std::array<iovec, kPieces> pieces_;
  std::size_t used_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace

// The promise of a write that is not made yet; settles when the stream has been written up to
// `until`.
class PipeWriter::Waiter : public boost::intrusive::list_base_hook<
                               boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  Waiter(kj::PromiseFulfiller<void>& fulfiller, PipeWriter& writer, std::uint64_t position,
         bool borrows)
      : until(position), fulfiller_(fulfiller), writer_(writer), borrows_(borrows) {
    writer.waiters_->push_back(*this);
  }
  ~Waiter() {
    if (!is_linked() || !borrows_) return;
    unlink();
    writer_.fail(KJ_EXCEPTION(DISCONNECTED, "a message was dropped before it was written"));
  }

  void fulfill() {
    unlink();
    fulfiller_.fulfill();
  }
  void reject(const kj::Exception& reason) {
    unlink();
    fulfiller_.reject(kj::cp(reason));
  }

  const std::uint64_t until;

 private:
  kj::PromiseFulfiller<void>& fulfiller_;
  PipeWriter& writer_;
  const bool borrows_;
};

PipeWriter::PipeWriter(event_base& base, kj::AutoCloseFd fd, FrameLimits limits,
                       std::shared_ptr<ArenaWriter> arena,
                       std::chrono::microseconds arenaKeepsMemory)
    : limits_(limits),
      fd_(kj::mv(fd)),
      writable_(newEvent(base, fd_, EV_WRITE | EV_PERSIST, &PipeWriter::onEvent, this)),
      copyMore_(newEvent(base, -1, 0, &PipeWriter::onEvent, this)),
      arena_(base, std::move(arena), arenaKeepsMemory),
      waiters_(std::make_unique<Waiters>()) {}

PipeWriter::~PipeWriter() { fail(KJ_EXCEPTION(DISCONNECTED, "the message pipe is gone")); }

kj::Promise<void> PipeWriter::write(Segments message) { return write(kj::arrayPtr(&message, 1)); }

kj::Promise<void> PipeWriter::write(kj::ArrayPtr<Segments> messages) {
  for (const auto& message : messages) {
    KJ_IF_MAYBE (reason, refusal(message)) {
      return kj::mv(*reason);
    }
  }
  bool borrows = false;
  for (const auto& message : messages) borrows |= append(message);
  auto promise = written(borrows);
  schedule();
  return promise;
}

kj::Promise<void> PipeWriter::end() {
  KJ_IF_MAYBE (reason, failure_) {
    return kj::cp(*reason);
  }
  ending_ = true;
  if (!runs_.empty()) return kj::newAdaptedPromise<void, Waiter>(*this, appended_, false);
  close();
  return kj::READY_NOW;
}

void PipeWriter::ring() {
  if (failure_ != nullptr || ending_) return;
  // Behind a whole message, so that it never stands in the middle of one.
  Run& run = openRun();
  appendNumber(run.copied, FrameReader::kBell);
  appendNumber(run.copied, 0);
  run.bytes = FrameReader::kBellBytes;
  appended_ += FrameReader::kBellBytes;
  if (!blocked_ && !copying_) flush();
}

// Each pass either leaves the pipe full or the queue shorter; a pipe holds 1 MiB at most by
// default, so this does not keep the loop.
void PipeWriter::flush() {
  while (!runs_.empty()) {
    if (!copyFirst()) return;
    Gather gather(sent_);
    for (const auto& run : runs_) {
      if (run.copy) break;
      gather.add(kj::arrayPtr(run.copied.data(), run.copied.size()));
      for (const auto& segment : run.borrowed) gather.add(segment);
      if (gather.full()) break;
    }
    const ssize_t wrote = gather.write(fd_);
    ++calls_;
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0 && errno != EAGAIN) {
      return fail(KJ_EXCEPTION(DISCONNECTED, "writing to the pipe failed", strerror(errno)));
    }
    if (wrote > 0) this->wrote(wrote);
    if (wrote < static_cast<ssize_t>(gather.bytes())) return block();
  }
  unblock();
  if (ending_) close();
}

// Brings the first run's message into the arena, as far as one turn of the loop may take. True: the
// run may go.
bool PipeWriter::copyFirst() {
  auto& copy = runs_.front().copy;
  if (copy && !copy->step()) {
    unblock();
    event_add(copyMore_.get(), &kNextPass);
    copying_ = true;
    return false;
  }
  copy.reset();
  return true;
}

kj::Maybe<int> PipeWriter::bufferSize() const {
  const int size = fcntl(fd_, F_GETPIPE_SZ);
  if (size <= 0) return nullptr;
  return size;
}

void PipeWriter::count(MessagePipe::Stats& stats) const {
  stats.messagesWritten = messages_;
  stats.bytesWritten = bytes_;
  stats.writeCalls = calls_;
}

void PipeWriter::onEvent(evutil_socket_t, short, void* self) noexcept {
  auto& writer = *static_cast<PipeWriter*>(self);
  if (writer.mark_.inherited()) return writer.unblock();
  writer.copying_ = false;
  writer.flush();
}

kj::Maybe<kj::Exception> PipeWriter::refusal(Segments message) const {
  KJ_IF_MAYBE (reason, failure_) {
    return kj::cp(*reason);
  }
  if (ending_) return KJ_EXCEPTION(FAILED, "the write end of the message pipe has been ended");
  if (message.size() == 0 || message.size() > limits_.maxSegments) {
    return KJ_EXCEPTION(FAILED, "a message of so many segments cannot be sent", message.size(),
                        limits_.maxSegments);
  }
  const std::uint64_t bytes = frameBytes(message);
  if (bytes > limits_.maxMessageBytes) {
    return KJ_EXCEPTION(FAILED, "a message of so many bytes cannot be sent", bytes,
                        limits_.maxMessageBytes);
  }
  return nullptr;
}

PipeWriter::Run& PipeWriter::openRun() {
  runs_.emplace_back().copied.swap(spare_);
  return runs_.back();
}

// Returns whether the message's segments were borrowed instead of copied.
bool PipeWriter::append(Segments message) {
  const std::uint64_t bytes = frameBytes(message);
  if (bytes > kArenaMessageBytes && appendToArena(message)) return true;
  // The written part of a run is freed with the run: a queue that never empties needs short ones.
  const bool full = runs_.empty() || !runs_.back().borrowed.empty() || runs_.back().copy ||
                    runs_.back().bytes >= kRunBytes;
  Run& run = full ? openRun() : runs_.back();
  const bool borrows = bytes > kCopiedMessageBytes;
  appendTable(run.copied, message);
  for (const auto& segment : message) {
    const auto raw = segment.asBytes();
    if (borrows) {
      run.borrowed.push_back(raw);
    } else {
      run.copied.insert(run.copied.end(), raw.begin(), raw.end());
    }
  }
  run.bytes += bytes;
  appended_ += bytes;
  ++messages_;
  return borrows;
}

// False: there is no place for it.
bool PipeWriter::appendToArena(Segments message) {
  auto place = arena_.allocate(frameBytes(message), leadOf(message));
  if (!place) return false;
  const auto* reference = reinterpret_cast<const kj::byte*>(&place->reference);
  std::vector<kj::byte> table;
  appendTable(table, message);
  Run& run = openRun();
  run.copied.assign(reference, reference + sizeof place->reference);
  run.bytes = run.copied.size();
  appended_ += run.bytes;
  ++messages_;
  run.copy = std::make_unique<ArenaCopy>(kj::mv(*place), kj::mv(table), message);
  return true;
}

kj::Promise<void> PipeWriter::written(bool borrows) {
  if (!borrows && queuedBytes() <= kHighWaterBytes) return kj::READY_NOW;
  return kj::newAdaptedPromise<void, Waiter>(*this, appended_, borrows);
}

// The turn's end is when KJ's queue is empty, which is when nothing more can join.
void PipeWriter::schedule() {
  if (blocked_ || copying_ || runs_.empty()) return;
  if (queuedBytes() >= kFlushBytes) return flush();
  if (scheduled_) return;
  scheduled_ = true;
  flushTask_ = kj::evalLast([this] {
                 scheduled_ = false;
                 if (!blocked_ && !copying_) flush();
               }).eagerlyEvaluate(nullptr);
}

void PipeWriter::wrote(std::size_t bytes) {
  bytes_ += bytes;
  sent_ += bytes;
  while (!runs_.empty() && sent_ >= runs_.front().bytes) {
    sent_ -= runs_.front().bytes;
    spare_.swap(runs_.front().copied);
    runs_.pop_front();
  }
  spare_.clear();
  if (spare_.capacity() > kSpareBytes) std::vector<kj::byte>().swap(spare_);
  settleWaiters();
}

void PipeWriter::settleWaiters() {
  while (!waiters_->empty() && waiters_->front().until <= bytes_) waiters_->front().fulfill();
}

void PipeWriter::block() {
  if (blocked_) return;
  blocked_ = true;
  if (event_add(writable_.get(), nullptr) != 0) {
    fail(KJ_EXCEPTION(DISCONNECTED, "the pipe cannot be watched"));
  }
}

void PipeWriter::unblock() {
  if (blocked_) event_del(writable_.get());
  blocked_ = false;
}

void PipeWriter::close() {
  unblock();
  fd_ = nullptr;
}

void PipeWriter::fail(kj::Exception reason) {
  close();
  runs_.clear();
  sent_ = 0;
  appended_ = bytes_;
  if (failure_ == nullptr) failure_ = kj::cp(reason);
  while (!waiters_->empty()) waiters_->front().reject(reason);
}

}  // namespace phial::inline v1::detail
