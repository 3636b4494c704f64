#include "master/process/pidfd.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <string>

namespace phial::inline v1::detail {
namespace {

// <linux/wait.h> clashes with glibc's header.
constexpr int kPPidfd = 3;

// The system call, not glibc's waitid: only the former reports the resources.
int waitPidfd(int pidfd, int options, siginfo_t& info, rusage& use) {
  long result;
  do {
    info.si_pid = 0;
    result = syscall(SYS_waitid, kPPidfd, pidfd, &info, options, &use);
  } while (result < 0 && errno == EINTR);
  return static_cast<int>(result);
}

ExitStatus statusFrom(const siginfo_t& info) {
  if (info.si_code == CLD_EXITED) return Exited{info.si_status};
  return Signalled{info.si_status, info.si_code == CLD_DUMPED ? Signalled::Core::dumped
                                                              : Signalled::Core::notDumped};
}

std::chrono::microseconds toDuration(const timeval& t) {
  return std::chrono::seconds(t.tv_sec) + std::chrono::microseconds(t.tv_usec);
}

std::uint64_t peakRss(const rusage& use) {
  return static_cast<std::uint64_t>(use.ru_maxrss) * 1024;
}

ResourceUse resourcesFrom(const rusage& use, std::uint64_t rssFloorBytes) {
  ResourceUse result{toDuration(use.ru_utime), toDuration(use.ru_stime), {}};
  if (peakRss(use) > rssFloorBytes) result.peakRssBytes = peakRss(use);
  return result;
}

}  // namespace

int openPidfd(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }

bool signalPidfd(int pidfd, int signal) {
  return syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) == 0;
}

std::optional<pid_t> numberInProc(int pidfd) {
  std::ifstream file("/proc/self/fdinfo/" + std::to_string(pidfd));
  static const std::string kKey = "Pid:";
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(kKey)) continue;
    // 0: of a namespace that cannot be seen from there. -1: it has ended.
    const int number = std::atoi(line.c_str() + kKey.size());
    if (number > 0) return number;
  }
  return std::nullopt;
}

bool isZombie(int pidfd) {
  siginfo_t info{};
  rusage use{};
  return waitPidfd(pidfd, WEXITED | WNOHANG | WNOWAIT, info, use) == 0 && info.si_pid != 0;
}

bool hasEnded(int pidfd) {
  pollfd readable{.fd = pidfd, .events = POLLIN, .revents = 0};
  return ::poll(&readable, 1, 0) > 0;
}

// The kernel tells a parent of a stop by SIGCHLD alone, which is the host program's: nothing wakes
// us up, but the state can be asked for, and WNOWAIT leaves it for the host to see.
bool isStopped(int pidfd) {
  siginfo_t info{};
  rusage use{};
  return waitPidfd(pidfd, WSTOPPED | WNOHANG | WNOWAIT, info, use) == 0 && info.si_pid != 0;
}

std::optional<ProcessEnd> reap(int pidfd, Wait wait, std::uint64_t rssFloorBytes) {
  siginfo_t info{};
  rusage use{};
  const int options = WEXITED | (wait == Wait::kPoll ? WNOHANG : 0);
  if (waitPidfd(pidfd, options, info, use) != 0) return ProcessEnd{};
  if (info.si_pid == 0) return std::nullopt;
  return ProcessEnd{statusFrom(info), resourcesFrom(use, rssFloorBytes)};
}

std::uint64_t rssFloor() {
  // The kernel counts pages for each core and adds up now and then: two readings differ.
  constexpr std::uint64_t kReadingError = 4U << 20;
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  return peakRss(use) + kReadingError;
}

}  // namespace phial::inline v1::detail
