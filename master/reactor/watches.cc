#include "master/reactor/watches.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace phial::inline v1 {

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

WatchRefused::WatchRefused(int fd, int code)
    : Error("cannot watch descriptor " + std::to_string(fd) + ": " + std::strerror(code)),
      code_(code) {}

WatchState::WatchState(Watches& watches, int fd, short what, std::function<void()> f)
    : watches_(watches),
      f_(std::move(f)),
      event_(makeEvent<&WatchState::fire>(watches.base_, fd, what | EV_PERSIST, this)) {
  if (fd < 0) errno = EBADF;
  if (fd < 0 || event_add(event_.get(), nullptr) != 0) {
    throw WatchRefused(fd, errno);
  }
}

void WatchState::stop() {
  if (!event_) return;
  // In a forked child the epoll set that event_del would change is the parent's.
  if (watches_.guard_.inherited()) return keepForever(shared_from_this());
  event_.reset();
  watches_.live_.erase(this);
}

std::function<void()> WatchState::release() {
  stop();
  return std::exchange(f_, nullptr);
}

void WatchState::fire() {
  // Whoever dispatches a base after a fork has told libevent to make it anew (event_reinit).
  if (watches_.guard_.inherited()) {
    event_del(event_.get());
    return;
  }
  // The callback may drop its Watch; the function that is running stays until it returns.
  const auto self = shared_from_this();
  watches_.guard_.call(f_);
}

// A Watch may be kept by what its own callback holds: only emptying the callback opens such a ring.
void Watches::close() {
  std::vector<std::function<void()>> dropped;
  while (!live_.empty()) dropped.push_back((*live_.begin())->release());
}

Watch Watches::add(int fd, short what, std::function<void()> f) {
  auto state = std::make_shared<WatchState>(*this, fd, what, std::move(f));
  live_.insert(state.get());
  return Watch(std::move(state));
}

}  // namespace detail
}  // namespace phial::inline v1
