// Memory that several processes map: what stands behind a SharedArray.
//
// Each block is a memory file of its own, and whoever uses it holds it open: the processes that map
// it, and the kernel while it is under way between them (file_lane.h). So its end needs no protocol
// and no bookkeeping: the kernel frees it when the last holder closes it or dies.
//
// One process writes, the one that made it. The file is sealed before anybody else can have it:
// nobody can shrink it under a reader (a SIGBUS otherwise), and nobody but its maker can write to
// it or map it writable.
//
// Thread rule: none of its own; it is as safe as the memory that it stands for.
#pragma once

#include <kj/io.h>
#include <phial/protocol/memory_file.h>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace phial::detail {

class SharedMemory {
 public:
  /// A new block of zeros. It takes memory page by page, as it is written. Throws std::bad_alloc
  /// when there is no address space for it, std::system_error when the system refuses the file.
  static std::shared_ptr<SharedMemory> create(std::size_t bytes);

  /// Maps a block that another process has made, to read. Trusts nothing: throws EncodingError for
  /// a file that is shorter, or that somebody could still shrink, or write to from now on, or that
  /// there is no address space for.
  static std::shared_ptr<SharedMemory> adopt(kj::AutoCloseFd file, std::size_t bytes);

  ~SharedMemory() noexcept;
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  const std::byte* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }
  /// Null unless it was made here.
  std::byte* writable() { return access_ == Access::readWrite ? data_ : nullptr; }
  int fd() const { return file_.get(); }

 private:
  using Access = SharedMapping::Access;

  SharedMemory(kj::AutoCloseFd file, std::size_t bytes, Access access);

  kj::AutoCloseFd file_;
  std::byte* data_;
  std::size_t bytes_;
  Access access_;
};

/// Closes a file that may be the last of much memory: see releaseAside() in large_memory.h.
void releaseFile(kj::AutoCloseFd file);

}  // namespace phial::detail
