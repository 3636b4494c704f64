#include "phial/protocol/shared_memory.h"

#include <fcntl.h>
#include <kj/io.h>
#include <phial/protocol/error.h>
#include <phial/protocol/large_memory.h>
#include <phial/protocol/memory_file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <string>
#include <system_error>
#include <utility>

namespace phial::inline v1::detail {
namespace {

// Nobody may take the file's memory away, or write to it through another mapping than the maker's.
constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_FUTURE_WRITE;

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
  auto file = newMemoryFile("phial-shared", bytes);
  std::shared_ptr<SharedMemory> memory(new SharedMemory(kj::mv(file), bytes, Access::readWrite));
  // Only now: the mapping just made remains the only writable one.
  sealMemoryFile(memory->fd(), kSeals | kFixedSize);
  return memory;
}

std::shared_ptr<SharedMemory> SharedMemory::adopt(kj::AutoCloseFd file, std::size_t bytes) {
  const std::string objection = objectionTo(file, bytes);
  if (!objection.empty()) throw EncodingError("shared memory cannot be used: " + objection);
  try {
    return std::shared_ptr<SharedMemory>(new SharedMemory(kj::mv(file), bytes, Access::read));
  } catch (const std::bad_alloc&) {
    throw EncodingError("there is no address space for " + std::to_string(bytes) +
                        " bytes of shared memory");
  }
}

SharedMemory::SharedMemory(kj::AutoCloseFd file, std::size_t bytes, Access access)
    : data_(SharedMapping(file, bytes, access).release()), bytes_(bytes), access_(access) {
  file_ = file.release();
}

// The mapping holds the file, so closing it here frees nothing yet.
SharedMemory::~SharedMemory() noexcept {
  ::close(file_);
  releaseAside(bytes_, [data = data_, bytes = bytes_] { ::munmap(data, bytes); });
}

}  // namespace phial::inline v1::detail
