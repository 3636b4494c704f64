#include "own_child.h"

#include <spawn.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>

namespace {

constexpr const char* kProgram = "/bin/date";

}  // namespace

OwnChild::OwnChild() {
  std::array<char*, 2> arguments = {const_cast<char*>(kProgram), nullptr};
  const int error = ::posix_spawn(&pid_, kProgram, nullptr, nullptr, arguments.data(), environ);
  if (error != 0) throw std::system_error(error, std::generic_category(), kProgram);
  std::printf("%s: started as process %d\n", kProgram, static_cast<int>(pid_));
}

OwnChild::~OwnChild() { reapWith(0); }

void OwnChild::reap() { reapWith(WNOHANG); }

void OwnChild::reapWith(int waitFlags) {
  if (pid_ == 0) return;
  int status = 0;
  // This child alone: the pool's workers raise SIGCHLD too, and the pool reaps them.
  pid_t ended = 0;
  do {
    ended = ::waitpid(pid_, &status, waitFlags);
  } while (ended == -1 && errno == EINTR);
  if (ended == 0) return;
  if (ended == -1) {
    std::printf("%s: process %d is lost\n", kProgram, static_cast<int>(pid_));
  } else {
    std::printf("%s: process %d has ended with status %d\n", kProgram, static_cast<int>(pid_),
                WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  }
  pid_ = 0;
}
