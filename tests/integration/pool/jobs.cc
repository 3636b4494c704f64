#include "jobs.h"

#include <dirent.h>
#include <fcntl.h>
#include <phial/protocol/worker_contract.h>
#include <phial/worker.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <thread>

namespace jobs {
namespace {

[[noreturn]] void hang() {
  for (;;) ::pause();
}

void announce(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) throw std::runtime_error("cannot open " + path);
  ::close(fd);
}

void awaitUnreadReply() {
  int waiting = 0;
  while (waiting == 0) {
    if (::ioctl(phial::kReplyFd, FIONREAD, &waiting) != 0) ::_exit(3);
    std::this_thread::yield();
  }
}

// One segment of 100 words, of which 8 bytes follow.
void writeHalfAFrame() {
  const std::array<std::uint32_t, 4> frame = {0, 100, 1, 2};
  if (::write(phial::kReplyFd, frame.data(), sizeof frame) < 0) std::abort();
}

// Everything behind the control page itself.
void damageResults() {
  constexpr std::uintptr_t kPageBytes = 4096;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find("phial-control") == std::string::npos) continue;
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    if (std::sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR, &begin, &end) != 2) break;
    std::memset(reinterpret_cast<void*>(begin + kPageBytes), 0xff, end - begin - kPageBytes);
    return;
  }
  std::abort();
}

}  // namespace

std::string perform(Deed deed, const std::string& path) {
  switch (deed) {
    case Deed::nothing:
      break;
    case Deed::note:
      std::ofstream(path, std::ios::app) << "done\n";
      break;
    case Deed::crash:
      ::raise(SIGSEGV);
      break;
    case Deed::wait:
      return waitFor(path);
    case Deed::grow:
      return std::string(kGrown, 'x');
    case Deed::swell:
      return std::string(std::size_t{64} << 20, 'x');
    case Deed::heed:
      return announceAndHeed(path);
    case Deed::damage:
      damageResults();
      break;
  }
  return {};
}

bool welcome(const Fickle&) { return true; }

Lethal noteLethally(bool kills, const std::string& path) {
  std::ofstream(path, std::ios::app) << "done\n";
  return {kills, std::string(kills ? kGrown : 0, 'x')};
}

std::pair<phial::SharedArray<int>, std::string> wrap(const phial::SharedArray<int>& array,
                                                     std::size_t characters) {
  return {phial::SharedArray<int>::copyOf({array.data(), array.size()}),
          std::string(characters, 'x')};
}

int add(int a, int b) { return a + b; }

bool isPrime(std::uint64_t n) {
  for (std::uint64_t d = 2; d * d <= n; ++d) {
    if (n % d == 0) return false;
  }
  return n >= 2;
}

Sheep shear(Sheep sheep) {
  sheep.name = "bare " + sheep.name;
  return sheep;
}

Tree growTree(int depth) {
  Tree tree;
  if (depth > 1) tree.branches.push_back(growTree(depth - 1));
  return tree;
}

int heightOf(const Tree& tree) {
  int highest = 0;
  for (const Tree& branch : tree.branches) highest = std::max(highest, heightOf(branch));
  return highest + 1;
}

void doNothing() {}
pid_t whoAmI() { return ::getpid(); }
std::string myLabel() { return std::string(phial::currentJob().label()); }

int descriptorCount() {
  int count = -1;  // the directory itself
  DIR* directory = ::opendir("/proc/self/fd");
  while (const dirent* entry = ::readdir(directory)) count += entry->d_name[0] != '.' ? 1 : 0;
  ::closedir(directory);
  return count;
}

std::uint64_t sum(const std::vector<std::byte>& bytes) {
  return std::accumulate(bytes.begin(), bytes.end(), std::uint64_t{0},
                         [](auto total, auto byte) { return total + std::to_integer<int>(byte); });
}

std::vector<std::byte> makeBytes(std::size_t count) {
  return std::vector<std::byte>(count, std::byte{3});
}

std::string waitFor(const std::string& path) {
  std::ifstream fifo(path);
  return {std::istreambuf_iterator<char>(fifo), {}};
}

void announceAndHang(const std::string& path) {
  announce(path);
  hang();
}

std::string announceAndHeed(const std::string& path) {
  announce(path);
  while (!phial::currentJob().cancelled()) std::this_thread::yield();
  return "gave up";
}

void announceAndIgnoreTerm(const std::string& path) {
  ::signal(SIGTERM, SIG_IGN);
  announce(path);
  hang();
}

void forkAndHang(Hanging how, const std::string& path) {
  const pid_t descendant = ::fork();
  if (descendant == 0) {
    for (const int signal : {SIGTERM, SIGHUP, SIGINT}) ::signal(signal, SIG_IGN);
    hang();
  }
  sigset_t all;
  ::sigfillset(&all);
  if (how == Hanging::blockingSignals) ::sigprocmask(SIG_SETMASK, &all, nullptr);
  if (how == Hanging::ignoringTerm) ::signal(SIGTERM, SIG_IGN);
  const std::string lines = std::to_string(descendant) + "\n" + std::to_string(::getpid()) + "\n";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (::write(fd, lines.data(), lines.size()) < 0) std::abort();
  ::close(fd);
  if (how == Hanging::stopped) ::raise(SIGSTOP);
  if (how == Hanging::ignoringTerm) hang();
  compute();
}

void hoard(std::size_t bytes) {
  static std::vector<std::vector<std::byte>> hoards;
  hoards.emplace_back(bytes, std::byte{1});
}

std::uint64_t programSize() { return std::filesystem::file_size("/proc/self/exe"); }

void compute() {
  static std::atomic<unsigned> n{0};
  for (;;) n.fetch_add(1, std::memory_order_relaxed);
}

void ignoreTermAndHang() {
  ::signal(SIGTERM, SIG_IGN);
  hang();
}

void enter(const Tarpit&) {}

void throwWool(const std::string& message) { throw WoolError(message); }
void throwNumber() { throw 7; }  // NOLINT: not an exception class, on purpose
void complain(const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }
void printNoise() {
  for (int i = 0; i < 1000; ++i) {
    std::printf("noise on stdout, line %d\n", i);
    std::fprintf(stderr, "noise on stderr, line %d\n", i);
  }
}
void report() {
  phial::currentJob().progress(0.25, "a quarter");
  phial::currentJob().progress(1.0);
}

void reportAndAbort(double fraction) {
  phial::currentJob().progress(fraction);
  std::abort();
}

void touch(const std::string& path) { std::ofstream file(path); }

void dieOf(int signal) {
  ::raise(signal);
  hang();
}

std::string dieOnce(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return "second time";
  ::raise(SIGKILL);
  hang();
}

int answerAndDie(const std::string& path) {
  waitFor(path);
  std::thread([] {
    awaitUnreadReply();
    ::raise(SIGKILL);
  }).detach();
  return 7;
}

int answerAndTell(const std::string& path, const std::string& answered) {
  waitFor(path);
  std::thread([answered] {
    awaitUnreadReply();
    announce(answered);
  }).detach();
  return 7;
}

void exitWith(int status) { std::exit(status); }

void complainAndAbort(const std::string& line) {
  complain(line);
  std::abort();
}

void writeGarbageAndHang() {
  std::array<unsigned char, 64> garbage{};
  garbage.fill(0xee);
  if (::write(phial::kReplyFd, garbage.data(), garbage.size()) < 0) std::abort();
  hang();
}

void writeHalfAFrameAndDie() {
  writeHalfAFrame();
  ::raise(SIGKILL);
}

void closeReplyPipeAndHang() {
  ::close(phial::kReplyFd);
  hang();
}

void closeReplyPipeInsideAMessage() {
  writeHalfAFrame();
  closeReplyPipeAndHang();
}

}  // namespace jobs
