#include "tests/perf/common/warm_state.h"

#include <cstddef>
#include <fstream>
#include <numeric>
#include <vector>

namespace perf {
namespace {

constexpr std::size_t kWordsPerMebibyte = (std::size_t{1} << 20) / sizeof(std::uint64_t);
constexpr std::size_t kWordsPerPage = 4096 / sizeof(std::uint64_t);

std::vector<std::uint64_t> memory;

}  // namespace

void fillMemory(std::uint64_t mebibytes) {
  memory.resize(mebibytes * kWordsPerMebibyte);
  std::iota(memory.begin(), memory.end(), std::uint64_t{1});
}

std::uint64_t readMemory() {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < memory.size(); i += kWordsPerPage) sum += memory[i];
  return sum;
}

std::uint64_t rollup(const std::string& field) {
  std::ifstream file("/proc/self/smaps_rollup");
  std::uint64_t kibibytes = 0;
  for (std::string word; file >> word;) {
    if (word == field + ":" && file >> kibibytes) break;
  }
  return kibibytes << 10;
}

}  // namespace perf
