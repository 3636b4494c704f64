#include "phial/protocol/shared_memory.h"

#include <fcntl.h>
#include <phial/protocol/error.h>
#include <phial/protocol/large_memory.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <string>
#include <system_error>
#include <utility>

namespace phial::detail {
namespace {

[[noreturn]] void throwErrno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

// Nobody may take the file's memory away, or write to it through another mapping than the maker's.
constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_FUTURE_WRITE;

// The kernel would send SIGXFSZ, which is for the host program to handle.
void requireFileSize(std::size_t bytes) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && bytes > limit.rlim_cur) {
    errno = EFBIG;
    throwErrno("cannot make shared memory");
  }
}

kj::AutoCloseFd newFile(std::size_t bytes) {
  requireFileSize(bytes);
  kj::AutoCloseFd file(::memfd_create("phial-shared", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (file.get() < 0 || ::ftruncate(file, static_cast<off_t>(bytes)) != 0) {
    throwErrno("cannot make shared memory");
  }
  return file;
}

// What is wrong with a file that is said to be of so many bytes, or nothing.
std::string objectionTo(int file, std::size_t bytes) {
  const int seals = ::fcntl(file, F_GET_SEALS);
  // F_SEAL_WRITE forbids more than F_SEAL_FUTURE_WRITE.
  const bool fixed = seals >= 0 && (seals & F_SEAL_SHRINK) != 0;
  if (!fixed || (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) == 0) return "it is not sealed";
  struct stat status{};
  if (::fstat(file, &status) != 0) return std::strerror(errno);
  if (static_cast<std::uint64_t>(status.st_size) < bytes) {
    return "it has " + std::to_string(status.st_size) + " bytes of " + std::to_string(bytes);
  }
  return {};
}

}  // namespace

void releaseFile(kj::AutoCloseFd file) {
  struct stat status{};
  if (::fstat(file, &status) != 0) return;
  constexpr std::uint64_t kBlockBytes = 512;  // stat(2)
  const int fd = file.release();
  releaseAside(static_cast<std::uint64_t>(status.st_blocks) * kBlockBytes, [fd] { ::close(fd); });
}

std::shared_ptr<SharedMemory> SharedMemory::create(std::size_t bytes) {
  auto file = newFile(bytes);
  std::shared_ptr<SharedMemory> memory(new SharedMemory(kj::mv(file), bytes, Access::readWrite));
  // Only now: the mapping just made remains the only writable one.
  constexpr int kAll = kSeals | F_SEAL_GROW | F_SEAL_SEAL;
  if (::fcntl(memory->fd(), F_ADD_SEALS, kAll) != 0) throwErrno("cannot seal shared memory");
  return memory;
}

std::shared_ptr<SharedMemory> SharedMemory::adopt(kj::AutoCloseFd file, std::size_t bytes) {
  const std::string objection = objectionTo(file, bytes);
  if (!objection.empty()) throw EncodingError("shared memory cannot be used: " + objection);
  try {
    return std::shared_ptr<SharedMemory>(new SharedMemory(kj::mv(file), bytes, Access::readOnly));
  } catch (const std::bad_alloc&) {
    throw EncodingError("there is no address space for " + std::to_string(bytes) +
                        " bytes of shared memory");
  }
}

SharedMemory::SharedMemory(kj::AutoCloseFd file, std::size_t bytes, Access access)
    : file_(kj::mv(file)), bytes_(bytes), access_(access) {
  const int protection = access == Access::readWrite ? PROT_READ | PROT_WRITE : PROT_READ;
  void* memory = ::mmap(nullptr, bytes, protection, MAP_SHARED, file_, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  data_ = static_cast<std::byte*>(memory);
}

// The mapping holds the file, so closing it here frees nothing yet.
SharedMemory::~SharedMemory() noexcept {
  file_ = nullptr;
  releaseAside(bytes_, [data = data_, bytes = bytes_] { ::munmap(data, bytes); });
}

}  // namespace phial::detail
