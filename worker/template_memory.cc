#include "worker/template_memory.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace phial::inline v1::detail {
namespace {

constexpr std::uintptr_t kHugePage = std::uintptr_t{2} << 20;
// Newer than glibc's headers: MADV_COLLAPSE, MADV_POPULATE_READ, MADV_POPULATE_WRITE.
constexpr int kCollapse = 25;
constexpr int kPopulateRead = 22;
constexpr int kPopulateWrite = 23;
// Larger parts of a program are not all needed to start.
constexpr std::uintptr_t kMostMapped = std::uintptr_t{16} << 20;

struct Mapping {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  std::uint64_t residentBytes = 0;

  // A sparse mapping, such as reserved address space, would take memory that it does not use.
  bool isFull() const { return residentBytes * 8 >= (end - begin) * 7; }
};

// "7f0000000000-7f0040000000 rw-p 00000000 00:00 0 [heap]": private, writable, of no file.
bool readHeader(const std::string& line, Mapping& mapping) {
  unsigned long begin = 0;
  unsigned long end = 0;
  unsigned long inode = 0;
  char permissions[8] = {};
  const int fields =
      std::sscanf(line.c_str(), "%lx-%lx %7s %*x %*s %lu", &begin, &end, permissions, &inode);
  if (fields != 4) return false;
  const bool suits = std::string_view(permissions) == "rw-p" && inode == 0;
  mapping = suits ? Mapping{begin, end, 0} : Mapping{};
  return true;
}

std::vector<Mapping> mappings() {
  std::vector<Mapping> found;
  std::ifstream file("/proc/self/smaps");
  Mapping current;
  for (std::string line; std::getline(file, line);) {
    unsigned long kilobytes = 0;
    if (readHeader(line, current)) continue;
    if (current.end == 0 || std::sscanf(line.c_str(), "Rss: %lu kB", &kilobytes) != 1) continue;
    current.residentBytes = std::uint64_t{kilobytes} << 10;
    found.push_back(current);
  }
  return found;
}

}  // namespace

void useHugePages() {
  for (const Mapping& mapping : mappings()) {
    const auto begin = (mapping.begin + kHugePage - 1) / kHugePage * kHugePage;
    const auto end = mapping.end / kHugePage * kHugePage;
    if (begin >= end || !mapping.isFull()) continue;
    ::madvise(reinterpret_cast<void*>(begin), end - begin, kCollapse);
  }
}

void mapProgram() {
  std::ifstream file("/proc/self/maps");
  for (std::string line; std::getline(file, line);) {
    unsigned long begin = 0;
    unsigned long end = 0;
    unsigned long inode = 0;
    char access[8] = {};
    if (std::sscanf(line.c_str(), "%lx-%lx %7s %*x %*s %lu", &begin, &end, access, &inode) != 4) {
      continue;
    }
    const std::string_view permissions(access);
    const bool isPrivate = permissions.ends_with('p') && permissions.starts_with('r');
    if (inode == 0 || !isPrivate || end - begin > kMostMapped) continue;
    ::madvise(reinterpret_cast<void*>(begin), end - begin,
              permissions[1] == 'w' ? kPopulateWrite : kPopulateRead);
  }
}

}  // namespace phial::inline v1::detail
