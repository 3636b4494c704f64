#include "protocol/wire/pipe_reader.h"

#include <kj/debug.h>
#include <phial/protocol/thresholds.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace phial::inline v1::detail {

// How much memory the messages that were handed out have.
struct PipeReader::Budget {
  const std::uint64_t most;
  std::uint64_t held = 0;
  PipeReader* reader;  // null when it is gone

  bool spent() const { return held > most; }
};

// A message's part of it.
class PipeReader::Held {
 public:
  Held(std::shared_ptr<Budget> budget, std::uint64_t bytes)
      : budget_(std::move(budget)), bytes_(bytes) {
    budget_->held += bytes_;
  }
  Held(Held&&) = default;
  ~Held() {
    if (!budget_) return;
    const bool spent = budget_->spent();
    budget_->held -= bytes_;
    // From the loop: whoever drops a message may be anywhere.
    if (spent && !budget_->spent() && budget_->reader != nullptr) {
      event_active(budget_->reader->readable_.get(), EV_READ, 0);
    }
  }

 private:
  std::shared_ptr<Budget> budget_;
  std::uint64_t bytes_;
};

// The promise of the read that waits. Dropping it leaves the event in place: a next read is likely.
class PipeReader::Waiter {
 public:
  Waiter(kj::PromiseFulfiller<Result>& fulfiller, PipeReader& reader,
         capnp::ReaderOptions readerOptions)
      : options(readerOptions), fulfiller_(fulfiller), reader_(&reader) {
    reader.waiter_ = this;
  }
  ~Waiter() {
    if (reader_ != nullptr) reader_->waiter_ = nullptr;
  }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  void fulfill(Result result) {
    leave();
    fulfiller_.fulfill(kj::mv(result));
  }
  void reject(kj::Exception reason) {
    leave();
    fulfiller_.reject(kj::mv(reason));
  }

  const capnp::ReaderOptions options;

 private:
  void leave() {
    reader_->waiter_ = nullptr;
    reader_ = nullptr;
  }

  kj::PromiseFulfiller<Result>& fulfiller_;
  PipeReader* reader_;
};

PipeReader::PipeReader(event_base& base, kj::AutoCloseFd fd, FrameLimits limits,
                       std::shared_ptr<ArenaReader> arena, SideThread* side, TakeMemory takeMemory)
    : fd_(kj::mv(fd)),
      readable_(newEvent(base, fd_, EV_READ | EV_PERSIST, &PipeReader::onEvent, this)),
      frames_(limits, std::move(arena), std::move(takeMemory)),
      side_(side) {}

PipeReader::~PipeReader() {
  if (budget_) budget_->reader = nullptr;
  if (waiter_ != nullptr) waiter_->reject(KJ_EXCEPTION(DISCONNECTED, "the message pipe is gone"));
}

void PipeReader::watch(MessagePipe::Watcher& watcher, std::uint64_t mostHeldBytes) {
  watcher_ = &watcher;
  budget_ = std::make_shared<Budget>(Budget{mostHeldBytes, 0, this});
}

kj::Promise<PipeReader::Result> PipeReader::read(capnp::ReaderOptions options) {
  if (waiter_ != nullptr) return KJ_EXCEPTION(FAILED, "a message is being read already");
  auto result = take(options);
  if (result != nullptr || state_ == State::ended) return kj::mv(result);
  if (state_ == State::failed) return failure();
  watch();
  return kj::newAdaptedPromise<Result, Waiter>(*this, options);
}

bool PipeReader::pending() const {
  if (state_ != State::open) return false;
  int waiting = 0;
  return frames_.ready() || (ioctl(fd_, FIONREAD, &waiting) == 0 && waiting > 0);
}

void PipeReader::count(MessagePipe::Stats& stats) const {
  stats.messagesRead = messages_;
  stats.bytesRead = bytes_;
  stats.readCalls = calls_;
}

void PipeReader::onEvent(evutil_socket_t, short, void* self) noexcept {
  auto& reader = *static_cast<PipeReader*>(self);
  if (reader.mark_.inherited()) return reader.unwatch();
  // Nobody reads: only now, and not after each message, is it worth the system call to say so.
  // What lies in the pipe comes after a message that is being fetched from the arena.
  if (reader.waiter_ == nullptr || reader.frames_.fetching()) return reader.unwatch();
  if (reader.budget_ && reader.budget_->spent()) return reader.unwatch();
  if (!reader.watching_) reader.watch();
  // What had to wait for memory is taken before there is room for more.
  if (!std::exchange(reader.paused_, false)) reader.receive();
  reader.settle();
}

void PipeReader::fetch() {
  const auto step = [this] { return frames_.fetch(kReadBytes); };
  if (side_ != nullptr && frames_.fetchBytes() > kFetchHereBytes) {
    fetch_ = side_->run(step, [this] { fetched(); });
    return;
  }
  while (!step()) {
  }
}

void PipeReader::fetched() {
  if (waiter_ != nullptr) settle();
}

void PipeReader::receive() {
  auto space = frames_.space();
  if (space.size() == 0) return;  // out of memory: an error of the frames
  const ssize_t got = ::read(fd_, space.begin(), std::min(space.size(), kReadBytes));
  ++calls_;
  if (got > 0) {
    bytes_ += got;
    frames_.received(got);
  } else if (got == 0) {
    frames_.ended();
    state_ = State::ended;
  } else if (errno != EAGAIN && errno != EINTR) {
    errno_ = errno;
    state_ = State::failed;
  }
}

void PipeReader::settle() {
  auto result = take(waiter_->options);
  if (state_ != State::open) unwatch();
  if (result != nullptr || state_ == State::ended) {
    waiter_->fulfill(kj::mv(result));
  } else if (state_ == State::failed) {
    waiter_->reject(failure());
  }
}

// The next message, or null: then state_ says whether there will be another.
PipeReader::Result PipeReader::take(capnp::ReaderOptions options) {
  while (!fetch_.active()) {
    if (budget_ && budget_->spent()) {
      paused_ = true;
      break;
    }
    auto next = frames_.next(options);
    if (frames_.takeBell() && watcher_ != nullptr) watcher_->onBell();
    KJ_IF_MAYBE (message, next) {
      return handOut(kj::mv(*message));
    }
    if (frames_.error()) {
      fail();
      break;
    }
    if (!frames_.fetching()) break;
    fetch();
  }
  return nullptr;
}

PipeReader::Result PipeReader::handOut(kj::Own<capnp::MessageReader> message) {
  ++messages_;
  if (watcher_ == nullptr) return capnp::MessageReaderAndFds{kj::mv(message), nullptr};
  if (auto objection = watcher_->objectionTo(*message); !objection.empty()) {
    frames_.refuse(std::move(objection));
    fail();
    return nullptr;
  }
  const std::uint64_t bytes = frames_.lastBytes();
  if (bytes > kCountedBytes) message = message.attach(Held(budget_, bytes));
  return capnp::MessageReaderAndFds{kj::mv(message), nullptr};
}

void PipeReader::fail() {
  state_ = State::failed;
  if (watcher_ != nullptr) watcher_->onFault();
}

kj::Exception PipeReader::failure() const {
  if (const auto& fault = frames_.error()) {
    return kj::Exception(kj::Exception::Type::FAILED, __FILE__, __LINE__,
                         kj::heapString(fault->what()));
  }
  return KJ_EXCEPTION(DISCONNECTED, "reading from the pipe failed", strerror(errno_));
}

void PipeReader::watch() {
  if (watching_) return;
  KJ_REQUIRE(event_add(readable_.get(), nullptr) == 0, "the pipe cannot be watched");
  watching_ = true;
}

void PipeReader::unwatch() {
  event_del(readable_.get());
  watching_ = false;
}

}  // namespace phial::inline v1::detail
