#include <phial/protocol/large_memory.h>
#include <sys/mman.h>

#include <atomic>
#include <csignal>
#include <exception>
#include <thread>

namespace phial::detail {
namespace {

constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;

std::atomic<bool> mayStop{false};

// False: it has to be done here. Signals are for the program's own threads to handle.
bool doAside(const std::function<void()>& task) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  bool started = true;
  try {
    std::thread(task).detach();
  } catch (const std::exception&) {  // no thread, or no memory for one
    started = false;
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return started;
}

}  // namespace

void adviseHugePages(void* memory, std::size_t bytes) {
  const std::size_t beyond = reinterpret_cast<std::uintptr_t>(memory) % kHugePageBytes;
  const std::size_t skipped = beyond == 0 ? 0 : kHugePageBytes - beyond;
  if (bytes < skipped + kHugePageBytes) return;
  const std::size_t whole = (bytes - skipped) / kHugePageBytes * kHugePageBytes;
  // Advice: a kernel without huge pages refuses it.
  ::madvise(static_cast<std::byte*>(memory) + skipped, whole, MADV_HUGEPAGE);
}

void releaseAside(std::uint64_t bytes, const std::function<void()>& task) {
  const bool here = bytes < kLargeBytes || mayStop.load(std::memory_order_relaxed);
  if (here || !doAside(task)) task();
}

void releaseInPlace() { mayStop.store(true, std::memory_order_relaxed); }

}  // namespace phial::detail
