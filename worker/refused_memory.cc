#include "worker/refused_memory.h"

#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <new>

namespace phial::detail {
namespace {

// Handlers take no argument: what they need is here. Lock-free, for a signal handler reads it too.
std::atomic<ControlPage*> notes{nullptr};
std::atomic<std::uint64_t> beneficiary{kRefusedBetweenJobs};
std::atomic<std::new_handler> next{nullptr};
static_assert(std::atomic<std::new_handler>::is_always_lock_free);

// The page's former note, to take ours back by.
std::uint64_t makeNote(std::uint64_t refused) {
  ControlPage* const page = notes.load(std::memory_order_relaxed);
  if (page == nullptr) return 0;
  return page->refusedJob.exchange(refused, std::memory_order_release);
}

void takeBack(std::uint64_t former) {
  ControlPage* const page = notes.load(std::memory_order_relaxed);
  if (page != nullptr) page->refusedJob.store(former, std::memory_order_release);
}

void onRefusal() {
  const auto former = makeNote(beneficiary.load(std::memory_order_relaxed));
  const std::new_handler handler = next.load(std::memory_order_acquire);
  if (handler == nullptr) throw std::bad_alloc();
  handler();
  // It says that it has made room: the allocation is tried again, and asks again if need be.
  takeBack(former);
}

// The default action is in force again when this runs.
void onCrash(int signal, siginfo_t* info, void*) {
  const bool sent = info->si_code <= 0;  // by kill, raise or abort; otherwise by an instruction
  const bool byOther = sent && info->si_pid != ::getpid();
  if (errno == ENOMEM && !byOther) makeNote(beneficiary.load(std::memory_order_relaxed));
  // An instruction that is at fault will be so again, with the state that a core should show.
  if (sent) ::raise(signal);
}

bool addressSpaceIsLimited() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}

void handleCrash(int signal) {
  struct sigaction now{};
  ::sigaction(signal, nullptr, &now);
  if (now.sa_handler != SIG_DFL) return;
  struct sigaction ours{};
  ours.sa_sigaction = &onCrash;
  ours.sa_flags = static_cast<int>(SA_SIGINFO | SA_RESETHAND | SA_NODEFER);
  ::sigaction(signal, &ours, nullptr);
}

}  // namespace

RefusedMemory::RefusedMemory(ControlPage& page) {
  beneficiary = kRefusedBetweenJobs;
  notes = &page;
  next = std::get_new_handler();
  std::set_new_handler(&onRefusal);
  if (!addressSpaceIsLimited()) return;
  for (const int signal : {SIGABRT, SIGBUS, SIGILL, SIGSEGV}) handleCrash(signal);
}

RefusedMemory::~RefusedMemory() {
  notes = nullptr;
  if (std::get_new_handler() == &onRefusal) std::set_new_handler(next.exchange(nullptr));
}

void RefusedMemory::during(std::uint64_t job) {
  takeBack(0);
  beneficiary.store(job, std::memory_order_relaxed);
  errno = 0;  // what was refused before is none of this job's
}

void RefusedMemory::betweenJobs() {
  beneficiary.store(kRefusedBetweenJobs, std::memory_order_relaxed);
}

void RefusedMemory::toMessage() { makeNote(kRefusedToMessage); }

}  // namespace phial::detail
