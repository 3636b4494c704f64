#include "master/reactor/watches.h"

#include <phial/protocol/error.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace phial {

Watch& Watch::operator=(Watch&& other) noexcept {
  if (this == &other) return *this;
  const auto old = std::exchange(state_, std::move(other.state_));
  if (old) old->stop();
  return *this;
}

bool Watch::active() const { return state_ && state_->active(); }

void Watch::stop() {
  if (const auto state = std::exchange(state_, nullptr)) state->stop();
}

namespace detail {

WatchState::WatchState(Watches& watches, int fd, short what, std::function<void()> f)
    : watches_(watches),
      f_(std::move(f)),
      event_(makeEvent<&WatchState::fire>(watches.base_, fd, what | EV_PERSIST, this)) {
  if (fd < 0) errno = EBADF;
  if (fd < 0 || event_add(event_.get(), nullptr) != 0) {
    throw Error("cannot watch descriptor " + std::to_string(fd) + ": " + std::strerror(errno));
  }
}

void WatchState::stop() {
  if (!event_) return;
  event_.reset();
  watches_.live_.erase(this);
}

void WatchState::fire() {
  // The callback may drop its Watch; the function that is running stays until it returns.
  const auto self = shared_from_this();
  watches_.guard_.call(f_);
}

Watches::~Watches() {
  while (!live_.empty()) (*live_.begin())->stop();
}

Watch Watches::add(int fd, short what, std::function<void()> f) {
  auto state = std::make_shared<WatchState>(*this, fd, what, std::move(f));
  live_.insert(state.get());
  return Watch(std::move(state));
}

}  // namespace detail
}  // namespace phial
