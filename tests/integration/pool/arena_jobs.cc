#include "arena_jobs.h"

#include <fcntl.h>
#include <phial/protocol/arena.h>
#include <phial/protocol/worker_contract.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <numeric>
#include <thread>

#include "jobs.h"

namespace jobs {
namespace {

std::size_t replyBytesInMemory() {
  struct stat status{};
  if (::fstat(phial::kReplyArenaFd, &status) != 0) ::_exit(3);
  return static_cast<std::size_t>(status.st_blocks) * 512;
}

// Once a good part of what comes is there.
void awaitReply(std::size_t bytes) {
  while (replyBytesInMemory() < bytes / 4) std::this_thread::yield();
}

bool inTheArena(const void* memory) {
  const auto address = reinterpret_cast<std::uintptr_t>(memory);
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find("/memfd:phial-requests") == std::string::npos) continue;
    const auto begin = std::stoull(line, nullptr, 16);
    const auto end = std::stoull(line.substr(line.find('-') + 1), nullptr, 16);
    if (begin <= address && address < end) return true;
  }
  return false;
}

}  // namespace

Words someWords(std::size_t count) {
  Words words(count);
  std::iota(words.begin(), words.end(), std::uint64_t{7});
  return words;
}

std::uint64_t digestInPlace(std::span<const std::uint64_t> words) {
  std::uint64_t hash = words.size();
  for (const auto word : words) hash = hash * 31 + word;
  return hash;
}

std::uint64_t digest(const Words& words) { return digestInPlace(words); }

Words sendBack(Words words) { return words; }

void holdSpanAndHang(std::span<const std::uint64_t> words, const std::string& path) {
  static_cast<void>(digestInPlace(words));
  announceAndHang(path);
}

bool liesInTheArena(std::span<const std::uint64_t> words) { return inTheArena(words.data()); }

bool bytesLieInTheArena(std::span<const unsigned char> bytes) { return inTheArena(bytes.data()); }

std::string sendTextBack(std::string text) { return text; }

void writeToSpan(std::span<const std::uint64_t> words) { const_cast<std::uint64_t&>(words[0]) = 0; }

Words dieWriting(std::size_t count) {
  std::thread([count] {
    awaitReply(count * sizeof(std::uint64_t));
    ::raise(SIGKILL);
  }).detach();
  return someWords(count);
}

Words scribble(std::size_t count) {
  struct stat status{};
  if (::fstat(phial::kReplyArenaFd, &status) != 0) std::abort();
  const auto bytes = std::min<std::size_t>(status.st_size, count * sizeof(std::uint64_t) * 2);
  void* memory =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, phial::kReplyArenaFd, 0);
  if (memory == MAP_FAILED) std::abort();
  std::thread([memory, bytes, count] {
    awaitReply(count * sizeof(std::uint64_t));
    auto* words = static_cast<volatile std::uint64_t*>(memory);
    for (std::uint64_t i = 0;; i += 97) words[i % (bytes / sizeof *words)] = ~i;
  }).detach();
  return someWords(count);
}

void refer(std::uint32_t slot, std::uint64_t offset, std::uint64_t bytes) {
  const phial::detail::ArenaReference reference{.slot = slot, .offset = offset, .bytes = bytes};
  if (::write(phial::kReplyFd, &reference, sizeof reference) < 0) std::abort();
  for (;;) ::pause();
}

Words freeEverything(std::size_t count) {
  auto words = someWords(count);
  constexpr auto kBytes = sizeof(phial::detail::ArenaHeader);
  void* memory =
      ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, phial::kReplyArenaFd, 0);
  if (memory == MAP_FAILED) std::abort();
  for (auto& read : static_cast<phial::detail::ArenaHeader*>(memory)->read) {
    for (std::uint32_t generation = 0; generation < 100; ++generation) read.store(generation);
  }
  return words;
}

}  // namespace jobs
