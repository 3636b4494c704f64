#include "warm_jobs.h"

#include <fcntl.h>
#include <phial/protocol/worker_contract.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <numeric>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace warm_jobs {
namespace {

std::string loaded;
std::vector<double> loadedNumbers;
std::vector<std::uint64_t> loadedWords;
std::atomic<bool> signalled{false};

std::string textOf(const char* path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

void note(const std::string& path) { std::ofstream(path, std::ios::app) << ::getpid() << '\n'; }

void load(const std::string& notes, const std::string& state) {
  note(notes);
  loaded = state;
}

void loadShared(phial::SharedArray<double> numbers) {
  loadedNumbers.assign(numbers.begin(), numbers.end());
}

void loadMany(std::uint64_t megabytes) {
  loadedWords.resize(megabytes << 17);
  std::iota(loadedWords.begin(), loadedWords.end(), std::uint64_t{0});
}

void printAndLoad() {
  std::printf("half a line");
  std::fprintf(stderr, "a whole line\n");
  loaded = "printed";
}

void complainAndThrow(const std::string& text) {
  std::fprintf(stderr, "about to fail\n");
  throw std::runtime_error(text);
}

void startThread() {
  std::atomic<bool> named{false};
  std::thread([&named] {
    ::prctl(PR_SET_NAME, "model-loader");
    named = true;
    for (;;) ::pause();
  }).detach();
  while (!named) std::this_thread::yield();
}

void joinThread() {
  std::thread([] { loaded = "by a thread"; }).join();
}

void leave(int status) { std::_Exit(status); }

void crash() { std::abort(); }

void hang(const std::string& notes) {
  note(notes);
  for (;;) ::pause();
}

void hangOnce(const std::string& notes) {
  const bool first = !std::ifstream(notes).good();
  note(notes);
  while (first) ::pause();
  loaded = "at last";
}

void forkAndReturn() {
  const pid_t child = ::fork();
  if (child == 0) return;
  int status = 0;
  ::waitpid(child, &status, 0);
  loaded = WIFEXITED(status) && WEXITSTATUS(status) != 0 ? "the child was ended" : "it lived";
}

void seedAlike() {
  ::srandom(1);
  ::srand48(1);
}

std::string state() { return loaded; }

double sum() { return std::accumulate(loadedNumbers.begin(), loadedNumbers.end(), 0.0); }

Surroundings surroundings() {
  Surroundings found{};
  found.self = ::getpid();
  found.parent = ::getppid();
  found.group = ::getpgrp();
  for (int fd = 0; fd < 64; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) found.descriptors.push_back(fd);
  }
  for (int signal = 1; signal < NSIG; ++signal) {
    struct sigaction action{};
    if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_DFL) {
      found.handledSignals.push_back(signal);
    }
  }
  found.niceness = ::getpriority(PRIO_PROCESS, 0);
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  found.mostFiles = files.rlim_cur;
  found.name = textOf("/proc/self/comm");
  found.title = textOf("/proc/self/cmdline");
  found.title = found.title.substr(0, found.title.find(':'));
  ::prctl(PR_GET_PDEATHSIG, &found.deathSignal);
  const char* const variable = std::getenv(phial::kWorkerVariable);
  found.variable = variable != nullptr ? variable : "unset";
  return found;
}

bool threadNumberIsRight() {
  std::signal(SIGUSR1, [](int) { signalled = true; });
  const pthread_t self = ::pthread_self();
  int sent = -1;
  std::thread([&] { sent = ::pthread_kill(self, SIGUSR1); }).join();
  return sent == 0 && signalled;
}

std::vector<long> randomNumbers() { return {::random(), ::random(), ::lrand48()}; }

std::uint64_t touch(std::uint64_t stride) {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < loadedWords.size(); i += stride) total += loadedWords[i];
  return total;
}

void wait(const std::string& fifo) { std::ifstream(fifo).get(); }

int workAndSquare(int n) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(1);
  while (std::chrono::steady_clock::now() < end) {
  }
  return n * n;
}

}  // namespace warm_jobs
