#include "aftermath_jobs.h"

#include <fcntl.h>
#include <phial/worker.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace jobs {
namespace {

std::string targetOf(int descriptor) {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(descriptor), ignored);
}

int statusOf(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "waitpid");
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace

std::string closeDescriptor(int descriptor) {
  auto target = targetOf(descriptor);
  ::close(descriptor);
  return target;
}

int replaceDescriptor(int descriptor) {
  std::array<int, 2> pipe{};
  if (::pipe(pipe.data()) != 0) throw std::runtime_error("no pipe");
  return ::dup2(pipe[0], descriptor);
}

int eventLoopDescriptor() {
  for (int descriptor = 3; descriptor < 64; ++descriptor) {
    if (targetOf(descriptor) == "anon_inode:[eventpoll]") return descriptor;
  }
  throw std::runtime_error("no epoll");
}

void setTimers() {
  const itimerval inAnHour{{0, 0}, {3600, 0}};
  for (const auto timer : {ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF}) {
    ::setitimer(timer, &inAnHour, nullptr);
  }
}

int timersSet() {
  int set = 0;
  for (const auto timer : {ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF}) {
    itimerval now{};
    ::getitimer(timer, &now);
    if (now.it_value.tv_sec != 0 || now.it_value.tv_usec != 0) ++set;
  }
  return set;
}

void changeSurroundings() {
  sigset_t signal;
  sigemptyset(&signal);
  sigaddset(&signal, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &signal, nullptr);
  ::umask(0);
  if (::chdir("/") != 0) throw std::runtime_error("no way to /");
}

std::string surroundings() {
  sigset_t mask;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  const auto permissions = ::umask(0);
  ::umask(permissions);
  return std::to_string(sigismember(&mask, SIGUSR1)) + " " + std::to_string(permissions) + " " +
         std::filesystem::current_path().string();
}

int forkChild(Child how) {
  const pid_t child = ::fork();
  if (child > 0) return statusOf(child);
  switch (how) {
    case Child::returns:
      return 7;
    case Child::throws:
      throw std::runtime_error("thrown in the child");
    case Child::callsExit:
      std::exit(3);
    case Child::reportsProgress:
      try {
        phial::currentJob().progress(0.5);
      } catch (const std::logic_error&) {
        ::_exit(4);
      }
  }
  ::_exit(5);
}

// NOLINTNEXTLINE(misc-no-recursion): a stack to be seen
__attribute__((noinline)) void abortDeepDown(int depth) {
  if (depth == 0) std::abort();
  // g++ warns of a recursion that nothing leaves but abort(); it does not look through this.
  void (*const volatile self)(int) = &abortDeepDown;
  self(depth - 1);
  // Not the last thing done, so that each call keeps its frame.
  std::this_thread::yield();
}

__attribute__((noinline)) void callNowhere() {
  void (*volatile const nowhere)() = reinterpret_cast<void (*)()>(0x1234567);
  nowhere();
  // As above.
  std::this_thread::yield();
}

int survivesTermOfAStranger() {
  const pid_t worker = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) ::_exit(::kill(worker, SIGTERM) == 0 ? 9 : 1);
  return statusOf(child);
}

std::string whoIsAWorker() {
  const char* const variable = std::getenv("PHIAL_WORKER");
  return std::string(phial::isWorker() ? "the worker" : "not the worker") +
         (variable != nullptr ? ", and what it starts" : ", not what it starts");
}

}  // namespace jobs
