#include "worker/refused_memory.h"

#include <sys/resource.h>

#include <atomic>
#include <cerrno>
#include <new>

namespace phial::inline v1::detail {
namespace {

// Handlers take no argument: what they need is here. Lock-free, for a signal handler reads it too.
std::atomic<ControlPage*> notes{nullptr};
std::atomic<std::uint64_t> beneficiary{kRefusedBetweenJobs};
std::atomic<std::new_handler> next{nullptr};
std::atomic<bool> limited{false};  // the address space
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

bool addressSpaceIsLimited() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}

}  // namespace

RefusedMemory::RefusedMemory(ControlPage& page) {
  beneficiary = kRefusedBetweenJobs;
  notes = &page;
  limited = addressSpaceIsLimited();
  next = std::get_new_handler();
  std::set_new_handler(&onRefusal);
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

void RefusedMemory::noteCrash() {
  if (limited.load(std::memory_order_relaxed)) {
    makeNote(beneficiary.load(std::memory_order_relaxed));
  }
}

void RefusedMemory::toMessage() { makeNote(kRefusedToMessage); }

}  // namespace phial::inline v1::detail
