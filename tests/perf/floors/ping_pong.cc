#include "tests/perf/floors/ping_pong.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace perf {
namespace {

[[noreturn]] void die(const char* call) {
  std::perror(call);
  std::exit(1);
}

[[noreturn]] void echo(int in, int out) {
  char byte;
  while (::read(in, &byte, 1) == 1) {
    byte = static_cast<char>(::sched_getcpu());
    if (::write(out, &byte, 1) != 1) break;
  }
  ::_exit(0);
}

}  // namespace

PingPong::PingPong() {
  int there[2];
  int back[2];
  if (::pipe2(there, O_CLOEXEC) != 0 || ::pipe2(back, O_CLOEXEC) != 0) die("pipe2");
  child_ = ::fork();
  if (child_ < 0) die("fork");
  if (child_ == 0) {
    // Else the child would hold its own input open and never see the end.
    ::close(there[1]);
    ::close(back[0]);
    echo(there[0], back[1]);
  }
  ::close(there[0]);
  ::close(back[1]);
  toChild_ = there[1];
  fromChild_ = back[0];
}

PingPong::~PingPong() {
  ::close(toChild_);
  ::close(fromChild_);
  ::waitpid(child_, nullptr, 0);
}

unsigned char PingPong::roundTrip() {
  unsigned char byte = 0;
  if (::write(toChild_, &byte, 1) != 1) die("write");
  if (::read(fromChild_, &byte, 1) != 1) die("read");
  return byte;
}

}  // namespace perf
