// Shared memory for large messages, beside the pipes.
//
// A message above a threshold is copied once, into a memory file, and a reference to it travels in
// its place through the pipe, so the order of messages is that of the pipe. Each worker has two
// such files, one for each direction; each has a single writer. The master's is read by the worker
// where it lies, through a descriptor that cannot write. The worker's is read by the master by
// pread into memory of its own, before anything in it is looked at: the master neither maps nor
// parses memory that a worker can still write.
//
// Both files are sparse and sealed in their size. The space of a message is free again when its
// reader says so, in a word on the first page of the reader's own file: that costs one store, and
// nobody waits for it, since a message that finds no space goes through the pipe. The lowest free
// space is used first, so that the same pages stay warm: a first touch is 30 times dearer than a
// copy. What has not been used for long is given back to the system.
//
// Trust: what the worker says is free may be overwritten under it, which harms nobody else. What it
// refers to is checked against the file's bounds.
//
// Thread rule: one thread at a time.
#pragma once

#include <kj/io.h>
#include <phial/protocol/fork_mark.h>
#include <phial/protocol/memory_file.h>
#include <phial/protocol/side_thread.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace phial::detail {

/// How many messages of one direction can lie in an arena at a time.
inline constexpr std::size_t kArenaSlots = 64;

/// The first page of an arena's file.
struct ArenaHeader {
  /// Of the other direction's arena: which message of each slot its reader, the writer of this
  /// file, is done with.
  std::array<std::atomic<std::uint32_t>, kArenaSlots> read;
};

/// What travels in the pipe in place of a message. All little-endian, as they lie.
struct ArenaReference {
  /// Where a frame has its number of segments, less one: more than any frame may have.
  static constexpr std::uint32_t kMarker = 0xa12e7a00;

  std::uint32_t marker = kMarker;
  std::uint32_t slot = 0;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::uint32_t generation = 0;
  std::uint32_t reserved = 0;
};
static_assert(sizeof(ArenaReference) == 32);

/// A file of which the first part is mapped, as far as it was needed.
class ArenaFile {
 public:
  using Access = SharedMapping::Access;

  using Mapping = SharedMapping;

  /// Takes over `fd`. Throws std::system_error when it is no file, std::bad_alloc when its first
  /// page cannot be mapped.
  ArenaFile(kj::AutoCloseFd fd, Access access);

  /// -1 when it is closed.
  int fd() const { return fd_; }
  /// Closes the descriptor, for a file that is not read by copying: what is mapped later comes by
  /// the mapping of the first page.
  void closeFile() { fd_ = nullptr; }
  std::size_t bytes() const { return bytes_; }
  ArenaHeader& header() const { return *reinterpret_cast<ArenaHeader*>(first_->at(0)); }
  /// A mapping that reaches up to `end`; null when there is no address space for it. It stays while
  /// somebody holds it. REQUIRES: end <= bytes().
  std::shared_ptr<Mapping> reach(std::size_t end);

 private:
  kj::AutoCloseFd fd_;
  std::size_t bytes_ = 0;
  Access access_;
  std::shared_ptr<Mapping> first_;  // the header's page
  std::shared_ptr<Mapping> mapping_;
};

/// Where messages are put.
class ArenaWriter {
 public:
  /// A place for one message.
  struct Place {
    ArenaReference reference;
    std::shared_ptr<ArenaFile::Mapping> mapping;
    std::byte* memory() const { return mapping->at(reference.offset); }
  };

  /// `own` is written; `peers` has the words that say what its reader is done with.
  ArenaWriter(std::shared_ptr<ArenaFile> own, std::shared_ptr<ArenaFile> peers)
      : own_(std::move(own)), peers_(std::move(peers)) {}

  /// The lowest place that is free, or none at the moment. The message begins `lead` bytes behind
  /// the beginning of a page.
  std::optional<Place> allocate(std::size_t bytes, std::size_t lead = 0);

  /// Gives up to `most` bytes of memory back to the system, from the end of what was ever used down
  /// to what is in use. False: nothing is left to give.
  bool giveBack(std::size_t most);
  /// Whether there is memory in use, or to give back.
  bool hasMemory() const;

 private:
  struct Region {
    std::size_t begin;
    std::size_t end;
    std::uint32_t slot;
  };

  void reclaim();

  std::shared_ptr<ArenaFile> own_;
  std::shared_ptr<ArenaFile> peers_;
  std::vector<Region> regions_;  // in use, by offset
  std::array<std::uint32_t, kArenaSlots> generations_{};
  std::size_t touched_ = 0;  // the end of what has memory
};

/// Where messages are found.
class ArenaReader {
 public:
  enum class Manner {
    inPlace,  ///< from memory that the peer is trusted not to change
    copied,   ///< into memory of one's own
  };

  /// `peers` is read; `own` has the words that say what has been read.
  ArenaReader(std::shared_ptr<ArenaFile> peers, std::shared_ptr<ArenaFile> own, Manner manner)
      : peers_(std::move(peers)), own_(std::move(own)), manner_(manner) {}

  Manner manner() const { return manner_; }

  /// What is wrong with a reference, or nothing.
  std::string objectionTo(const ArenaReference& reference) const;

  /// Whether the file has memory for as many bytes as the message claims. Those of a sparse file
  /// have none, and copying them would make the reader pay for what the writer has not. One fstat.
  bool holds(const ArenaReference& reference) const;

  /// Copies a part of the message, from `from` on, to `to`. False when the file does not have it.
  bool copy(const ArenaReference& reference, std::size_t from, std::size_t bytes, void* to) const;

  /// The message where it lies, and what keeps it there; null when there is no address space.
  /// Dropping the last of it says that the message is read.
  std::shared_ptr<const std::byte> lend(const ArenaReference& reference);

  /// Says that the message is read.
  void done(const ArenaReference& reference) {
    own_->header().read[reference.slot].store(reference.generation, std::memory_order_release);
  }

 private:
  std::shared_ptr<ArenaFile> peers_;
  std::shared_ptr<ArenaFile> own_;
  Manner manner_;
};

/// So many bytes, of any content, aligned to a page, until the last holder lets go of them. Throws
/// std::bad_alloc.
using TakeMemory = std::function<std::shared_ptr<std::byte>(std::size_t bytes)>;

/// One end's view of both directions. Both null: everything goes through the pipes.
struct Arenas {
  std::shared_ptr<ArenaWriter> out;
  std::shared_ptr<ArenaReader> in;
  /// When `out` has not been written to for so long, or for twice as long at most, memory that is
  /// not in use goes back to the system.
  std::chrono::microseconds keepsMemory = std::chrono::seconds(10);
  /// For what `in` copies: outlives the pipe. Null: it is copied on the loop, at once.
  SideThread* side = nullptr;
  /// Memory to copy to. Null: what the system gives.
  TakeMemory takeMemory = nullptr;
};

/// The master's end and what the worker is given: none when the system refuses any of it.
struct NewArenas {
  Arenas arenas;
  kj::AutoCloseFd requests;  ///< for kRequestArenaFd; cannot write
  kj::AutoCloseFd replies;   ///< for kReplyArenaFd
};
NewArenas makeArenas(std::size_t bytes);

/// The worker's end, which takes over the descriptors: none when they are no arenas.
Arenas adoptArenas(int requests, int replies);

}  // namespace phial::detail
