#include "master/process/resident_memory.h"

#include <fcntl.h>
#include <kj/io.h>
#include <unistd.h>

#include <array>
#include <cstdio>

namespace phial::inline v1::detail {

std::optional<std::uint64_t> residentBytes(pid_t pid) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "/proc/%d/statm", pid);
  const int fd = ::open(text.data(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  const kj::AutoCloseFd closer(fd);
  const auto bytes = ::read(fd, text.data(), text.size() - 1);
  if (bytes <= 0) return std::nullopt;
  text[static_cast<std::size_t>(bytes)] = '\0';
  // The first number is the size of the address space, the second the resident set, in pages.
  unsigned long long pages = 0;
  if (std::sscanf(text.data(), "%*u %llu", &pages) != 1) return std::nullopt;
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace phial::inline v1::detail
