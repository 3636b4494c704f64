// Memory files (memfd): memory that can be passed to other processes by descriptor.
//
// A file's size is set once, when it is made. RLIMIT_FSIZE applies to memory files too, and the
// kernel answers a size above it with SIGXFSZ, which kills a program that does not expect it. Every
// memory file of Phial is therefore made here, where the limit is checked first.
//
// Thread rule: any thread.
#pragma once

#include <cstddef>

namespace kj {
class AutoCloseFd;
}

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

/// Makes a memory file of `bytes` zeros, close-on-exec, open for reading and writing, not sealed
/// yet. It takes memory page by page, as it is written. `name` shows in /proc. Throws
/// std::system_error; EFBIG, with a text that names the limit, when RLIMIT_FSIZE forbids the size.
kj::AutoCloseFd newMemoryFile(const char* name, std::size_t bytes);

/// Adds seals (F_SEAL_...). Throws std::system_error.
void sealMemoryFile(int file, int seals);

/// The seals after which nobody can change the file's size, nor the seals themselves. Without them
/// a holder of the file could shrink it, and reading a mapping of it would raise SIGBUS.
extern const int kFixedSize;

/// A shared mapping of the first part of a file; unmapped on destruction.
class SharedMapping {
 public:
  enum class Access { read, readWrite };

  /// Throws std::bad_alloc when there is no address space for it, std::system_error when `file` is
  /// no suitable file.
  SharedMapping(int file, std::size_t bytes, Access access);
  /// Maps the pages of `other`, and the pages of its file behind them up to `bytes`, once more.
  /// Needs no descriptor, so the file may be closed. REQUIRES: the file has so many bytes.
  SharedMapping(const SharedMapping& other, std::size_t bytes);
  ~SharedMapping();
  SharedMapping(SharedMapping&& other) noexcept;
  SharedMapping& operator=(SharedMapping&&) = delete;

  std::byte* at(std::size_t offset) const { return memory_ + offset; }
  std::size_t bytes() const { return bytes_; }

  /// Gives the memory of whole pages back to the system. The pages read as zeros from now on, in
  /// every process. Best effort: nothing happens where the host has locked its memory. REQUIRES:
  /// readWrite.
  void giveBack(std::size_t offset, std::size_t bytes) const noexcept;
  /// Leaves the mapping to the caller, who ends it with munmap.
  std::byte* release() noexcept;

 private:
  std::byte* memory_;
  std::size_t bytes_;
};

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
