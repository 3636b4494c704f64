#include "allocations.h"

#include <cstdlib>
#include <new>

namespace {

thread_local std::size_t calls = 0;

}  // namespace

std::size_t allocationsOfThisThread() { return calls; }

void* operator new(std::size_t bytes) {
  ++calls;
  if (void* memory = std::malloc(bytes > 0 ? bytes : 1)) return memory;
  throw std::bad_alloc();
}

void operator delete(void* memory) noexcept {
  if (memory != nullptr) ++calls;
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }
