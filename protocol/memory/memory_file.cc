#include "phial/protocol/memory_file.h"

#include <fcntl.h>
#include <phial/protocol/descriptor.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <new>
#include <string>
#include <system_error>
#include <utility>

namespace phial::inline v1::detail {
namespace {

[[noreturn]] void throwError(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

void requireFileSize(const char* name, std::size_t bytes) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) != 0 || bytes <= limit.rlim_cur) return;
  throwError(EFBIG, std::string("cannot make the memory file ") + name + " of " +
                        std::to_string(bytes) + " bytes: RLIMIT_FSIZE (ulimit -f) allows " +
                        std::to_string(limit.rlim_cur));
}

std::byte* mapped(void* memory) {
  // Any other error is no want of memory: the descriptor is no longer what it was.
  if (memory == MAP_FAILED && errno != ENOMEM && errno != EAGAIN) {
    throwError(errno, "cannot map a memory file");
  }
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return static_cast<std::byte*>(memory);
}

}  // namespace

const int kFixedSize = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

kj::AutoCloseFd newMemoryFile(const char* name, std::size_t bytes) {
  requireFileSize(name, bytes);
  auto file = ownDescriptor(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (file.get() < 0 || ::ftruncate(file, static_cast<off_t>(bytes)) != 0) {
    throwError(errno, std::string("cannot make the memory file ") + name);
  }
  return file;
}

void sealMemoryFile(int file, int seals) {
  if (::fcntl(file, F_ADD_SEALS, seals) != 0) throwError(errno, "cannot seal a memory file");
}

SharedMapping::SharedMapping(int file, std::size_t bytes, Access access)
    : memory_(mapped(::mmap(nullptr, bytes,
                            access == Access::readWrite ? PROT_READ | PROT_WRITE : PROT_READ,
                            MAP_SHARED, file, 0))),
      bytes_(bytes) {}

// mremap(2): with an old size of zero it makes a second mapping of the pages of a shared one.
SharedMapping::SharedMapping(const SharedMapping& other, std::size_t bytes)
    : memory_(mapped(::mremap(other.memory_, 0, bytes, MREMAP_MAYMOVE))), bytes_(bytes) {}

SharedMapping::~SharedMapping() {
  if (memory_ != nullptr) ::munmap(memory_, bytes_);
}

SharedMapping::SharedMapping(SharedMapping&& other) noexcept
    : memory_(other.release()), bytes_(other.bytes_) {}

void SharedMapping::giveBack(std::size_t offset, std::size_t bytes) const noexcept {
  ::madvise(at(offset), bytes, MADV_REMOVE);
}

std::byte* SharedMapping::release() noexcept { return std::exchange(memory_, nullptr); }

}  // namespace phial::inline v1::detail
