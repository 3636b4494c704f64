#include "tests/perf/floors/pipe_children.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "tests/perf/common/work.h"

namespace perf {
namespace {

using Request = std::chrono::microseconds;  // how long to sleep; the reply is the same

constexpr int kNiceness = 10;  // the default of Phial's workers

[[noreturn]] void die(const char* call) {
  std::perror(call);
  std::exit(1);
}

// One system call: fewer bytes than PIPE_BUF are written and read as a whole.
void send(int fd, Request request) {
  if (::write(fd, &request, sizeof(request)) != sizeof(request)) die("write");
}

// False at the end of the pipe.
bool receive(int fd, Request& request) {
  const auto got = ::read(fd, &request, sizeof(request));
  if (got < 0) die("read");
  return got == sizeof(request);
}

// A child must hold no pipe of another one, or that one would never see the end of its requests.
void keepOnly(int requests, int replies) {
  if (::dup2(requests, STDIN_FILENO) < 0 || ::dup2(replies, STDOUT_FILENO) < 0) die("dup2");
  if (::close_range(STDERR_FILENO + 1, ~0U, 0) != 0) die("close_range");
}

[[noreturn]] void serve(int requests, int replies) {
  keepOnly(requests, replies);
  errno = 0;
  if (::nice(kNiceness) == -1 && errno != 0) die("nice");
  Request request;
  while (receive(STDIN_FILENO, request)) {
    nap(request);
    send(STDOUT_FILENO, request);
  }
  ::_exit(0);
}

}  // namespace

PipeChildren::PipeChildren(std::size_t count) : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) die("epoll_create1");
  children_.reserve(count);
  while (children_.size() < count) add();
}

PipeChildren::~PipeChildren() {
  for (const Child& child : children_) ::close(child.requests);
  while (::wait(nullptr) > 0) {
  }
  for (const Child& child : children_) ::close(child.replies);
  ::close(epoll_);
}

void PipeChildren::add() {
  std::array<int, 2> there{};
  std::array<int, 2> back{};
  if (::pipe2(there.data(), O_CLOEXEC) != 0 || ::pipe2(back.data(), O_CLOEXEC) != 0) die("pipe2");
  const pid_t pid = ::fork();
  if (pid < 0) die("fork");
  if (pid == 0) serve(there[0], back[1]);
  ::close(there[0]);
  ::close(back[1]);
  epoll_event event{.events = EPOLLIN, .data = {.u64 = children_.size()}};
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, back[0], &event) != 0) die("epoll_ctl");
  children_.push_back({.requests = there[1], .replies = back[0]});
}

void PipeChildren::run(std::size_t jobs, std::chrono::microseconds time) {
  std::array<epoll_event, 256> events{};
  const auto first = std::min(jobs, children_.size());
  std::size_t left = jobs - first;
  std::size_t running = first;
  for (std::size_t i = 0; i < first; ++i) send(children_[i].requests, time);
  while (running > 0) {
    const int ready = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
    if (ready < 0 && errno != EINTR) die("epoll_wait");
    for (int i = 0; i < ready; ++i) {
      const Child& child = children_[events[static_cast<std::size_t>(i)].data.u64];
      Request reply;
      if (!receive(child.replies, reply)) {
        std::fputs("a child has ended\n", stderr);
        std::exit(1);
      }
      if (left > 0) {
        --left;
        send(child.requests, time);
      } else {
        --running;
      }
    }
  }
}

}  // namespace perf
