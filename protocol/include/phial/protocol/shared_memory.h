// Memory that several processes map: the memory of a SharedArray.
//
// Each block is a memory file of its own, and every user of the block holds the file open: the
// processes that map it, and the kernel while it is under way between them (file_lane.h). The end
// of a block thus needs no protocol and no bookkeeping: the kernel frees it when the last holder
// closes it or dies.
//
// Only the process that made the block writes to it. The file is sealed before another process can
// have it: nobody can shrink it under a reader (which would be a SIGBUS), and only its maker can
// write to it or map it writable.
//
// Thread rule: as for plain memory.
#pragma once

#include <phial/protocol/memory_file.h>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace kj {
class AutoCloseFd;
}

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

class SharedMemory {
 public:
  /// Makes a block of zeros, which takes memory page by page, as it is written. Throws
  /// std::bad_alloc when there is no address space for it, std::system_error when the system
  /// refuses the file.
  static std::shared_ptr<SharedMemory> create(std::size_t bytes);

  /// Maps a block of another process, for reading. Trusts nothing: throws EncodingError when the
  /// file is too short, when somebody could still shrink it or get a new way to write to it, or
  /// when there is no address space for it.
  static std::shared_ptr<SharedMemory> adopt(kj::AutoCloseFd file, std::size_t bytes);

  ~SharedMemory() noexcept;
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  const std::byte* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }
  /// Null unless this process has made the block.
  std::byte* writable() { return access_ == Access::readWrite ? data_ : nullptr; }
  int fd() const { return file_; }

 private:
  using Access = SharedMapping::Access;

  SharedMemory(kj::AutoCloseFd file, std::size_t bytes, Access access);

  int file_ = -1;  // owned
  std::byte* data_;
  std::size_t bytes_;
  Access access_;
};

/// Closes a file; the last holder of a large one frees it beside the loop, see releaseAside() in
/// large_memory.h.
void releaseFile(kj::AutoCloseFd file);

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
