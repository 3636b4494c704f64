#include "master/cli/mischief.h"

#include <phial/protocol/worker_contract.h>
#include <phial/worker/job.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>

namespace phial::inline v1::cli {
namespace {

void floodProgress() {
  constexpr int kReports = 5000;
  for (int i = 0; i < kReports; ++i) {
    currentJob().progress(static_cast<double>(i) / kReports, "one of many reports");
  }
}

void floodLog() {
  constexpr int kLines = 2000;
  for (int i = 0; i < kLines; ++i) std::fprintf(stderr, "line %d\n", i);
}

void setAlarm(std::uint64_t seed) {
  if (seed % 2 == 0) {
    ::alarm(1);
    return;
  }
  const itimerval soon{{0, 0}, {0, 50'000}};
  ::setitimer(seed % 4 == 1 ? ITIMER_REAL : ITIMER_PROF, &soon, nullptr);
}

void awaitChild(pid_t child) {
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
}

// In the child it returns true, and the job returns with it.
bool forkChild() {
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("no process to be had");
  if (child > 0) awaitChild(child);
  return child == 0;
}

void forkAndExecute() {
  if (!forkChild()) return;
  ::execl("/bin/true", "true", nullptr);
  ::_exit(1);
}

void closeOne(std::uint64_t seed) {
  constexpr int kCount = kFileLaneFd - kRequestFd + 1;
  ::close(kRequestFd + static_cast<int>(seed % kCount));
}

void changeSurroundings() {
  sigset_t all;
  sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  ::umask(S_IRWXU | S_IRWXG | S_IRWXO);
  if (::chdir("/") != 0) throw std::runtime_error("no way to /");
}

void leaveThread() {
  static constexpr auto kLife = std::chrono::milliseconds(20);
  std::thread([] { std::this_thread::sleep_for(kLife); }).detach();
}

void heed() {
  constexpr auto kLongest = std::chrono::milliseconds(2);
  const auto end = std::chrono::steady_clock::now() + kLongest;
  while (!currentJob().cancelled() && std::chrono::steady_clock::now() < end) {
  }
}

}  // namespace

void misbehave(Fault fault, std::uint64_t seed) {
  switch (fault) {
    case Fault::progressFlood:
      return floodProgress();
    case Fault::logFlood:
      return floodLog();
    case Fault::alarm:
      return setAlarm(seed);
    case Fault::forkReturn:
      forkChild();
      return;
    case Fault::forkExit:
      if (forkChild()) std::exit(0);
      return;
    case Fault::forkExec:
      return forkAndExecute();
    case Fault::closeDescriptor:
      return closeOne(seed);
    case Fault::surroundings:
      return changeSurroundings();
    case Fault::thread:
      return leaveThread();
    case Fault::heed:
      return heed();
    default:
      throw std::invalid_argument(std::string(faultName(fault)) + " is for inflict()");
  }
}

}  // namespace phial::inline v1::cli
