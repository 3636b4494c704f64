#include "master/bridge/fiber_stack.h"

#include <sys/mman.h>
#include <unistd.h>

#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "master/bridge/sanitizers.h"

namespace phial::inline v1::detail {
namespace {

constexpr std::size_t kLeastBytes = std::size_t{16} << 10;
constexpr std::size_t kMostBytes = std::size_t{1} << 30;

struct Mapped {
  std::byte* bottom;
  std::size_t size;
};

struct Pool {
  std::mutex mutex;
  std::vector<Mapped> free;  // the last one was used last
};

// Never destroyed: threads and static objects may end fibers later.
Pool& pool() {
  static Pool& instance = *new Pool;
  return instance;
}

std::size_t wholePages(std::size_t bytes) {
  if (bytes < kLeastBytes || bytes > kMostBytes) {
    throw std::invalid_argument("FiberOptions::stackBytes is " + std::to_string(bytes) +
                                ", not between 16384 and 1073741824");
  }
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return (bytes + page - 1) / page * page;
}

std::byte* takeKept(std::size_t size) {
  const std::scoped_lock lock(pool().mutex);
  auto& free = pool().free;
  for (auto stack = free.rbegin(); stack != free.rend(); ++stack) {
    if (stack->size != size) continue;
    std::byte* const bottom = stack->bottom;
    free.erase(std::next(stack).base());
    return bottom;
  }
  return nullptr;
}

std::byte* map(std::size_t size) {
  const std::size_t whole = size + FiberStack::kGuardBytes;
  void* const memory =
      ::mmap(nullptr, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  std::byte* const bottom = static_cast<std::byte*>(memory) + FiberStack::kGuardBytes;
  if (::mprotect(bottom, size, PROT_READ | PROT_WRITE) != 0) {  // too many mappings
    ::munmap(memory, whole);
    throw std::bad_alloc();
  }
  sanitizers::stackMapped(bottom, size);
  return bottom;
}

void unmap(std::byte* bottom, std::size_t size) {
  sanitizers::stackUnmapped(bottom, size);
  ::munmap(bottom - FiberStack::kGuardBytes, size + FiberStack::kGuardBytes);
}

bool keep(std::byte* bottom, std::size_t size) {
  const std::scoped_lock lock(pool().mutex);
  auto& free = pool().free;
  if (free.size() >= FiberStack::kMostKept) return false;
  free.reserve(FiberStack::kMostKept);
  free.push_back({bottom, size});
  return true;
}

}  // namespace

FiberStack::FiberStack(std::size_t bytes) : size_(wholePages(bytes)), bottom_(takeKept(size_)) {
  if (!bottom_) bottom_ = map(size_);
}

FiberStack::~FiberStack() {
  sanitizers::stackEmpty(bottom_, size_);
  if (!keep(bottom_, size_)) unmap(bottom_, size_);
}

std::size_t FiberStack::kept() {
  const std::scoped_lock lock(pool().mutex);
  return pool().free.size();
}

}  // namespace phial::inline v1::detail
