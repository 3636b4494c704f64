#include "worker/own_process.h"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace phial::inline v1::detail {
namespace {

// Not zero in the worker, zero in its children.
using Mark = std::atomic<int>;
static_assert(Mark::is_always_lock_free);

std::atomic<Mark*> mark{nullptr};
Mark plainMark{0};  // where the kernel cannot wipe a page

// Covers fork(), but not a clone() that bypasses the C library.
void clearMark() { plainMark.store(0, std::memory_order_relaxed); }

Mark* wipedMark() {
  constexpr std::size_t kPageBytes = 4096;
  void* const page =
      ::mmap(nullptr, kPageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return nullptr;
  if (::madvise(page, kPageBytes, MADV_WIPEONFORK) == 0) return new (page) Mark(0);
  ::munmap(page, kPageBytes);
  return nullptr;
}

}  // namespace

void becomeWorker() {
  if (mark.load(std::memory_order_relaxed) == nullptr) {
    Mark* const wiped = wipedMark();
    if (wiped == nullptr) ::pthread_atfork(nullptr, nullptr, &clearMark);
    mark.store(wiped != nullptr ? wiped : &plainMark, std::memory_order_relaxed);
  }
  mark.load(std::memory_order_relaxed)->store(1, std::memory_order_relaxed);
}

bool inForkedChild() {
  const Mark* const own = mark.load(std::memory_order_relaxed);
  return own != nullptr && own->load(std::memory_order_relaxed) == 0;
}

void endForkedChild() {
  constexpr std::string_view kText =
      "phial: a process that a job forked has returned from the job's function. It is no worker "
      "and ends here; it should call _exit\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kText.data(), kText.size());
  ::_exit(EXIT_FAILURE);
}

void endOfThread() {
  std::fputs("phial: the job ended the worker's thread, by pthread_exit or pthread_cancel\n",
             stderr);
  std::abort();
}

}  // namespace phial::inline v1::detail
