#include "master/net/handshake.h"

#include <phial/net/errors.h>

#include <utility>

namespace phial::inline v1::detail {

void Handshake::begin(Duration timeout) {
  hold_.begin(reactor_, shared_from_this());
  timer_ = reactor_.callLater(timeout, [this] {
    const Failure late{TimeoutError("the TLS handshake took too long")};
    finish(&late);
  });
  // Never inside the caller's call.
  reactor_.callSoon([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->step();
  });
}

void Handshake::cancel() {
  const auto self = shared_from_this();
  watch_.stop();
  timer_.cancel();
  done_ = nullptr;
  stream_.reset();
  hold_.end();
}

void Handshake::reactorEnded() noexcept {
  watch_.stop();
  timer_ = {};
  stream_.reset();
  const auto dropped = std::exchange(done_, nullptr);
}

void Handshake::step() {
  if (!stream_) return;
  const auto self = shared_from_this();
  const Io io = stream_->handshake();
  switch (io.status) {
    case Io::Status::wantsRead:
      watch_ = reactor_.addReader(stream_->fd(), [this] { step(); });
      break;
    case Io::Status::wantsWrite:
      watch_ = reactor_.addWriter(stream_->fd(), [this] { step(); });
      break;
    case Io::Status::done:
      finish(nullptr);
      break;
    case Io::Status::ended: {
      const Failure ended{TlsTruncated()};
      finish(&ended);
      break;
    }
    case Io::Status::failed:
      finish(&*io.failure);
      break;
  }
}

void Handshake::finish(const Failure* failure) {
  const auto self = shared_from_this();
  watch_.stop();
  timer_.cancel();
  auto stream = std::exchange(stream_, nullptr);
  const auto done = std::exchange(done_, nullptr);
  hold_.end();
  if (failure != nullptr) stream.reset();
  if (done) done(std::move(stream), failure);
}

}  // namespace phial::inline v1::detail
