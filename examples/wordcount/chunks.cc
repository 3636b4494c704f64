#include "chunks.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace {

constexpr std::uint64_t kChunkBytes = 1 << 20;

[[noreturn]] void fail(const std::string& path, int error) {
  throw std::system_error(error, std::generic_category(), path);
}

std::uint64_t sizeOf(const std::string& path) {
  // Without waiting for the writer of a FIFO.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd == -1) fail(path, errno);
  struct stat status{};
  const int result = ::fstat(fd, &status);
  const int error = errno;
  ::close(fd);
  if (result == -1) fail(path, error);
  if (S_ISDIR(status.st_mode)) fail(path, EISDIR);
  // A pipe or a device cannot be read from several places.
  if (!S_ISREG(status.st_mode)) fail(path, ESPIPE);
  return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace

std::vector<Chunk> chunksOf(const std::string& path) {
  const std::uint64_t size = sizeOf(path);
  std::vector<Chunk> chunks;
  for (std::uint64_t offset = 0; offset < size; offset += kChunkBytes) {
    chunks.push_back({path, offset, std::min(kChunkBytes, size - offset)});
  }
  return chunks;
}
