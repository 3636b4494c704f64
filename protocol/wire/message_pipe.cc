#include "phial/protocol/message_pipe.h"

#include <fcntl.h>
#include <kj/debug.h>

#include <algorithm>
#include <climits>

#include "protocol/wire/pipe_reader.h"
#include "protocol/wire/pipe_writer.h"

namespace phial::inline v1 {

namespace {

kj::AutoCloseFd nonBlocking(kj::AutoCloseFd fd) {
  int flags;
  KJ_SYSCALL(flags = fcntl(fd, F_GETFL));
  KJ_SYSCALL(fcntl(fd, F_SETFL, flags | O_NONBLOCK));
  return fd;
}

}  // namespace

std::size_t widenPipe(int fd, std::size_t bytes) {
  const int set = fcntl(fd, F_SETPIPE_SZ, static_cast<int>(std::min<std::size_t>(bytes, INT_MAX)));
  const int size = set > 0 ? set : fcntl(fd, F_GETPIPE_SZ);
  return size > 0 ? static_cast<std::size_t>(size) : 0;
}

capnp::ReaderOptions rpcReaderOptions() {
  capnp::ReaderOptions options;
  options.traversalLimitInWords = std::uint64_t{1} << 60;
  options.nestingLimit = 256;
  return options;
}

MessagePipe::MessagePipe(event_base& base, kj::AutoCloseFd readFd, kj::AutoCloseFd writeFd,
                         FrameLimits limits, detail::Arenas arenas)
    : reader_(std::make_unique<detail::PipeReader>(base, nonBlocking(kj::mv(readFd)), limits,
                                                   std::move(arenas.in), arenas.side,
                                                   std::move(arenas.takeMemory))),
      writer_(std::make_unique<detail::PipeWriter>(base, nonBlocking(kj::mv(writeFd)), limits,
                                                   std::move(arenas.out), arenas.keepsMemory)) {}

MessagePipe::~MessagePipe() noexcept = default;

kj::Promise<kj::Maybe<capnp::MessageReaderAndFds>> MessagePipe::tryReadMessage(
    kj::ArrayPtr<kj::AutoCloseFd>, capnp::ReaderOptions options, kj::ArrayPtr<capnp::word>) {
  return reader_->read(options);
}

kj::Promise<void> MessagePipe::writeMessage(
    kj::ArrayPtr<const int> fds, kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments) {
  if (fds.size() != 0) return KJ_EXCEPTION(UNIMPLEMENTED, "a pipe carries no descriptors");
  return writer_->write(segments);
}

kj::Promise<void> MessagePipe::writeMessages(
    kj::ArrayPtr<kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>>> messages) {
  return writer_->write(messages);
}

kj::Maybe<int> MessagePipe::getSendBufferSize() { return writer_->bufferSize(); }
kj::Promise<void> MessagePipe::end() { return writer_->end(); }
void MessagePipe::flush() { writer_->flush(); }
bool MessagePipe::writePending() const { return writer_->pending(); }
bool MessagePipe::readPending() const { return reader_->pending(); }
bool MessagePipe::ended() const { return reader_->ended(); }
void MessagePipe::watch(Watcher& watcher, std::uint64_t mostHeldBytes) {
  reader_->watch(watcher, mostHeldBytes);
}
void MessagePipe::limitReading(std::uint64_t maxMessageBytes) { reader_->limitTo(maxMessageBytes); }
void MessagePipe::ring() { writer_->ring(); }
bool MessagePipe::fetching() const { return reader_->fetching(); }
const std::optional<ProtocolError>& MessagePipe::error() const { return reader_->error(); }
bool MessagePipe::outOfMemory() const { return reader_->outOfMemory(); }
bool MessagePipe::cutShort() const { return reader_->cutShort(); }

MessagePipe::Stats MessagePipe::stats() const {
  Stats stats;
  reader_->count(stats);
  writer_->count(stats);
  return stats;
}

}  // namespace phial::inline v1
