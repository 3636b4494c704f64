#include "master/cli/fault.h"

#include <phial/protocol/worker_contract.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <random>
#include <vector>

namespace phial::inline v1::cli {
namespace {

[[noreturn]] void hang() {
  for (;;) ::pause();
}

// By the kernel's default, whatever handler a sanitizer or the program has put there.
[[noreturn]] void dieOf(int signal) {
  ::signal(signal, SIG_DFL);
  ::raise(signal);
  hang();
}

[[noreturn]] void writeToForbiddenMemory() {
  ::signal(SIGSEGV, SIG_DFL);
  const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* page = ::mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page != MAP_FAILED) *static_cast<volatile char*>(page) = 1;
  hang();
}

// The address space of this process, in bytes.
rlim_t addressSpace() {
  std::ifstream statm("/proc/self/statm");
  rlim_t pages = 0;
  statm >> pages;
  return pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
}

// Nobody up the stack catches what leaves a noexcept function: the program dies of it, as it does
// where memory is taken in a destructor or on a thread.
[[noreturn]] void exhaustMemory() noexcept {
  constexpr rlim_t kRoom = 32 << 20;
  // What is left when one is refused has to do for a report, which a sanitizer makes.
  constexpr std::size_t kPiece = 20 << 20;
  const rlim_t limit = addressSpace() + kRoom;
  const rlimit limits{limit, limit};
  if (::setrlimit(RLIMIT_AS, &limits) != 0) std::abort();
  std::vector<std::unique_ptr<char[]>> pieces;
  for (;;) {
    pieces.push_back(std::make_unique_for_overwrite<char[]>(kPiece));
    std::fill_n(pieces.back().get(), kPiece, 'x');
  }
}

void reply(const void* bytes, std::size_t size) {
  if (::write(kReplyFd, bytes, size) < 0) std::abort();
}

[[noreturn]] void writeHalfAFrame() {
  // The header of one segment of 100 words, and one of these.
  constexpr std::array<std::uint32_t, 4> kHalf = {0, 100, 1, 2};
  reply(kHalf.data(), sizeof kHalf);
  ::_exit(1);
}

[[noreturn]] void writeGarbage(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::array<std::uint64_t, 16> garbage{};
  std::generate(garbage.begin(), garbage.end(), [&] { return random(); });
  reply(garbage.data(), sizeof garbage);
  hang();
}

[[noreturn]] void leaveAGrandchild() {
  constexpr unsigned kAtMostSeconds = 60;
  const pid_t child = ::fork();
  if (child < 0) std::abort();
  if (child == 0) {
    ::alarm(kAtMostSeconds);
    hang();
  }
  dieOf(SIGKILL);
}

struct Description {
  Fault fault;
  const char* name;
  const char* effect;
};

constexpr std::array<Description, kAllFaults.size()> kDescriptions = {{
    {Fault::sigkill, "sigkill", "dies of SIGKILL"},
    {Fault::sigsegv, "sigsegv", "writes to memory that it may not write to"},
    {Fault::abort, "abort", "calls abort()"},
    {Fault::exit, "exit", "calls exit(1)"},
    {Fault::exitZero, "exit-zero", "calls exit(0), as if all were well"},
    {Fault::oom, "oom", "takes memory until a limit of 32 MiB refuses, and dies of it"},
    {Fault::hang, "hang", "never returns"},
    {Fault::stop, "stop", "stops itself with SIGSTOP"},
    {Fault::closePipe, "close-pipe", "closes its reply pipe and lives on"},
    {Fault::halfFrame, "half-frame", "writes half a message and exits"},
    {Fault::garbage, "garbage", "writes random bytes for a message and lives on"},
    {Fault::ignoreTerm, "ignore-term", "ignores SIGTERM and never returns"},
    {Fault::grandchild, "grandchild", "dies and leaves a child that holds its pipes open"},
    {Fault::progressFlood, "progress-flood", "reports progress thousands of times"},
    {Fault::logFlood, "log-flood", "writes thousands of lines to its log"},
    {Fault::alarm, "alarm", "leaves an alarm or interval timer behind"},
    {Fault::forkReturn, "fork-return", "forks a child that returns from the job as well"},
    {Fault::forkExit, "fork-exit", "forks a child that calls exit()"},
    {Fault::forkExec, "fork-exec", "forks a child that executes a program"},
    {Fault::closeDescriptor, "close-fd", "closes one of its worker's own descriptors"},
    {Fault::surroundings, "surroundings", "changes umask, signal mask and working directory"},
    {Fault::thread, "thread", "leaves a thread behind"},
    {Fault::heed, "heed", "returns as soon as it is cancelled"},
}};

const Description& descriptionOf(Fault fault) {
  return *std::find_if(kDescriptions.begin(), kDescriptions.end(),
                       [fault](const Description& one) { return one.fault == fault; });
}

}  // namespace

const char* faultName(Fault fault) { return descriptionOf(fault).name; }
const char* faultEffect(Fault fault) { return descriptionOf(fault).effect; }

std::optional<Fault> parseFault(std::string_view name) {
  for (const auto& one : kDescriptions) {
    if (name == one.name) return one.fault;
  }
  return std::nullopt;
}

std::string faultNames() {
  std::string names;
  for (const auto& one : kDescriptions) names += (names.empty() ? "" : ",") + std::string(one.name);
  return names;
}

bool needsTimeout(Fault fault) {
  return fault == Fault::hang || fault == Fault::stop || fault == Fault::ignoreTerm;
}

void inflict(Fault fault, std::uint64_t seed) {
  // A run of a million faults would fill the disk with core files.
  ::prctl(PR_SET_DUMPABLE, 0);
  switch (fault) {
    case Fault::sigkill:
      dieOf(SIGKILL);
    case Fault::sigsegv:
      writeToForbiddenMemory();
    case Fault::abort:
      std::abort();
    case Fault::exit:
      std::exit(1);
    case Fault::exitZero:
      std::exit(0);
    case Fault::oom:
      exhaustMemory();
    case Fault::hang:
      hang();
    case Fault::stop:
      ::raise(SIGSTOP);
      hang();
    case Fault::closePipe:
      ::close(kReplyFd);
      hang();
    case Fault::halfFrame:
      writeHalfAFrame();
    case Fault::garbage:
      writeGarbage(seed);
    case Fault::ignoreTerm:
      ::signal(SIGTERM, SIG_IGN);
      hang();
    case Fault::grandchild:
      leaveAGrandchild();
    default:
      break;
  }
  std::abort();
}

}  // namespace phial::inline v1::cli
