#include "shared_jobs.h"

#include <fcntl.h>
#include <kj/io.h>
#include <phial/protocol/file_lane.h>
#include <phial/protocol/worker_contract.h>
#include <phial/worker.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "jobs.h"

namespace jobs {
namespace {

// The worker's own end of the lane, without taking it over.
phial::detail::FileLane lane() {
  return phial::detail::FileLane(kj::AutoCloseFd(::fcntl(phial::kFileLaneFd, F_DUPFD_CLOEXEC, 0)));
}

}  // namespace

std::uint64_t addUp(const Numbers& numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), std::uint64_t{0});
}

std::vector<std::uint64_t> addUpEach(std::vector<Numbers> all) {
  std::vector<std::uint64_t> sums;
  for (const auto& numbers : all) sums.push_back(addUp(numbers));
  return sums;
}

std::size_t countOf(phial::SharedArray<std::byte> bytes) { return bytes.size(); }

Numbers makeNumbers(std::size_t count) {
  Numbers numbers(count);
  const auto elements = numbers.writable();
  std::iota(elements.begin(), elements.end(), std::uint64_t{0});
  return numbers;
}

std::vector<Numbers> makeMany(std::size_t arrays) {
  std::vector<Numbers> all;
  for (std::size_t i = 0; i < arrays; ++i) all.push_back(makeNumbers(i));
  return all;
}

Numbers passOn(const Numbers& numbers) { return numbers; }

void writeTo(const Numbers& numbers) { const_cast<std::uint64_t&>(numbers[0]) = 7; }

void holdAndHang(const Numbers&, const std::string& path) { announceAndHang(path); }

Numbers makeAndWait(std::size_t count, const std::string& path) {
  auto numbers = makeNumbers(count);
  waitFor(path);
  return numbers;
}

Numbers makeAndDie(std::size_t count) {
  auto numbers = makeNumbers(count);
  ::raise(SIGKILL);
  return numbers;
}

std::size_t sharedMemories() {
  const std::string name = "/memfd:phial-shared";
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    count += std::filesystem::read_symlink(entry.path(), gone).string().starts_with(name);
  }
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) count += line.find(name) != std::string::npos;
  return count;
}

Numbers sendAShrinkingFile() {
  const kj::AutoCloseFd file(::memfd_create("phial-shared", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (::ftruncate(file, 4096) != 0) throw std::runtime_error("ftruncate");
  lane().send(phial::currentJob().id(), std::array{file.get()});
  return Numbers(1);
}

Numbers sendStrayFiles() {
  const Numbers stray(1);
  const kj::AutoCloseFd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  for (int i = 0; i < 100; ++i) lane().send(1'000'000, std::array{file.get()});
  return makeNumbers(3);
}

Phantom claimAFile() { return {}; }

}  // namespace jobs
