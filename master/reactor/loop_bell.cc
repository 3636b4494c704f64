#include "master/reactor/loop_bell.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace phial::inline v1::detail {
namespace {

// A program with more descriptors than this has opened its event_base before the most of them.
constexpr rlim_t kMostDescriptors = 1 << 20;

// libevent does not tell its epoll descriptor. Only the epoll set that holds `marker` accepts a
// change of it; the change is to what libevent has set itself. Needs no /proc.
int epollThatHolds(int marker) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const int end = static_cast<int>(std::min(limit.rlim_cur, kMostDescriptors));
  epoll_event same{};
  same.events = EPOLLIN;
  same.data.fd = marker;
  for (int fd = 0; fd < end; ++fd) {
    if (fd != marker && ::epoll_ctl(fd, EPOLL_CTL_MOD, marker, &same) == 0) return fd;
  }
  return -1;
}

// A set whose changes wait for the next dispatch shows nothing that was added since the last.
void requirePlainEpoll(const event_base& base) {
  const std::string_view method = event_base_get_method(&base);
  if (method == "epoll") return;
  throw Error("Reactor::fd: the event_base uses \"" + std::string(method) +
              "\", and has no descriptor to watch; it must use \"epoll\"");
}

}  // namespace

int LoopBell::descriptor() {
  if (epoll_ >= 0) return epoll_;
  requirePlainEpoll(base_);
  FileDescriptor bell = checkedFd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd");
  EventPtr event = makeEvent<&LoopBell::onRung>(base_, bell.get(), EV_READ | EV_PERSIST, this);
  if (event_add(event.get(), nullptr) != 0) throw Error("cannot watch the eventfd");
  const int epoll = epollThatHolds(bell.get());
  if (epoll < 0) throw Error("Reactor::fd: the epoll descriptor of the event_base was not found");
  eventFd_ = std::move(bell);
  event_ = std::move(event);
  epoll_ = epoll;
  noteDue();  // what was asked for until now
  return epoll_;
}

void LoopBell::ring() {
  if (mark_.inherited()) return;  // it is the parent's
  rung_ = true;
  const std::uint64_t one = 1;
  // Cannot fail: the counter holds one at most.
  [[maybe_unused]] const auto n = ::write(eventFd_.get(), &one, sizeof one);
}

void LoopBell::onRung() {
  if (mark_.inherited()) return;
  std::uint64_t count;
  [[maybe_unused]] const auto n = ::read(eventFd_.get(), &count, sizeof count);
  rung_ = false;
}

}  // namespace phial::inline v1::detail
