// Memory files (memfd): memory that other processes can be given by descriptor.
//
// A file's size is set once, when it is made. RLIMIT_FSIZE counts for memory files too, and the
// kernel answers a size above it with SIGXFSZ, which kills a program that does not expect it. So
// the limit is looked at before, here, for every memory file that Phial makes.
//
// Thread rule: none of its own.
#pragma once

#include <kj/io.h>

#include <cstddef>

namespace phial::detail {

/// A new memory file of `bytes` zeros, close-on-exec, open for reading and writing, not sealed yet.
/// It takes memory page by page, as it is written. `name` shows in /proc. Throws std::system_error:
/// EFBIG, with a text that names the limit, when RLIMIT_FSIZE forbids the size.
kj::AutoCloseFd newMemoryFile(const char* name, std::size_t bytes);

/// Adds seals (F_SEAL_...). Throws std::system_error.
void sealMemoryFile(int file, int seals);

/// The seals with which nobody can change the file's size, nor the seals themselves. Without them
/// whoever has the file could shrink it, and a look at a mapping of it would be a SIGBUS.
extern const int kFixedSize;

/// A shared mapping of a file's first part, until it is destroyed.
class SharedMapping {
 public:
  enum class Access { read, readWrite };

  /// Throws std::bad_alloc when there is no address space for it, std::system_error when `file` is
  /// no such file.
  SharedMapping(int file, std::size_t bytes, Access access);
  /// The same pages as `other` has, and those behind them up to `bytes`, mapped once more. It needs
  /// no descriptor: whoever has a mapping can close the file. REQUIRES: the file has so many bytes.
  SharedMapping(const SharedMapping& other, std::size_t bytes);
  ~SharedMapping();
  SharedMapping(SharedMapping&& other) noexcept;
  SharedMapping& operator=(SharedMapping&&) = delete;

  std::byte* at(std::size_t offset) const { return memory_ + offset; }
  std::size_t bytes() const { return bytes_; }

  /// Gives the memory of whole pages back to the system; they read as zeros from now on, in every
  /// process. Advice: where the host has locked its memory nothing happens. REQUIRES: readWrite.
  void giveBack(std::size_t offset, std::size_t bytes) const noexcept;
  /// Leaves the mapping to the caller, who ends it with munmap.
  std::byte* release() noexcept;

 private:
  std::byte* memory_;
  std::size_t bytes_;
};

}  // namespace phial::detail
