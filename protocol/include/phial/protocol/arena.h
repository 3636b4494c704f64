// Shared memory for large messages, beside the pipes.
//
// A message above a threshold is copied once, into a memory file. A reference to it travels through
// the pipe in its place, so the pipe still defines the order of messages. Each worker has two such
// files, one for each direction, and each file has a single writer. The worker reads the master's
// file where it lies, through a descriptor that cannot write. The master reads the worker's file by
// pread into memory of its own before it looks at the content: the master neither maps nor parses
// memory that a worker can still write.
//
// Both files are sparse, and their size is sealed. The reader of a message frees its space by a
// store to a word on the first page of the reader's own file. Nobody waits for the store: a message
// that finds no space goes through the pipe. The lowest free space is used first, so that the same
// pages stay warm, because a first touch costs 30 times as much as a copy. Memory that has not been
// used for long goes back to the system.
//
// Trust: space that the worker frees too early may be overwritten while the worker reads it, which
// harms only the worker. The worker's references are checked against the file's bounds.
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

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

/// The most messages of one direction that lie in an arena at a time.
inline constexpr std::size_t kArenaSlots = 64;

/// The first page of an arena's file.
struct ArenaHeader {
  /// For the arena of the other direction: the latest message of each slot that its reader has
  /// finished with. This file's writer is that reader.
  std::array<std::atomic<std::uint32_t>, kArenaSlots> read;
};

/// Travels in the pipe in place of a message. All fields are little-endian.
struct ArenaReference {
  /// Stands where a frame has its number of segments less one, and is larger than any such number.
  static constexpr std::uint32_t kMarker = 0xa12e7a00;

  std::uint32_t marker = kMarker;
  std::uint32_t slot = 0;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::uint32_t generation = 0;
  std::uint32_t reserved = 0;
};
static_assert(sizeof(ArenaReference) == 32);

/// A file whose first part is mapped, as far as it was needed.
class ArenaFile {
 public:
  using Access = SharedMapping::Access;

  using Mapping = SharedMapping;

  /// Takes over `fd`. Throws std::system_error when it is no file, std::bad_alloc when its first
  /// page cannot be mapped.
  ArenaFile(kj::AutoCloseFd fd, Access access);

  /// The descriptor; -1 when it is closed.
  int fd() const { return fd_; }
  /// Closes the descriptor. For a file that is not read by copying: later mappings are made from
  /// the mapping of the first page.
  void closeFile() { fd_ = nullptr; }
  std::size_t bytes() const { return bytes_; }
  ArenaHeader& header() const { return *reinterpret_cast<ArenaHeader*>(first_->at(0)); }
  /// Returns a mapping that reaches up to `end`; null when there is no address space for it. The
  /// mapping stays as long as somebody holds it. REQUIRES: end <= bytes().
  std::shared_ptr<Mapping> reach(std::size_t end);

 private:
  kj::AutoCloseFd fd_;
  std::size_t bytes_ = 0;
  Access access_;
  std::shared_ptr<Mapping> first_;  // the header's page
  std::shared_ptr<Mapping> mapping_;
};

/// Stores messages.
class ArenaWriter {
 public:
  /// A place for one message.
  struct Place {
    ArenaReference reference;
    std::shared_ptr<ArenaFile::Mapping> mapping;
    std::byte* memory() const { return mapping->at(reference.offset); }
  };

  /// `own` is the file to write. `peers` holds the words by which the reader frees messages.
  ArenaWriter(std::shared_ptr<ArenaFile> own, std::shared_ptr<ArenaFile> peers)
      : own_(std::move(own)), peers_(std::move(peers)) {}

  /// Returns the lowest free place, or none at the moment. The message begins `lead` bytes after
  /// the beginning of a page.
  std::optional<Place> allocate(std::size_t bytes, std::size_t lead = 0);

  /// Gives up to `most` bytes of unused memory back to the system, from the end of what was ever
  /// used. Returns false when nothing is left to give.
  bool giveBack(std::size_t most);
  /// True if there is memory in use, or to give back.
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
  std::size_t touched_ = 0;  // the end of the part that has memory
};

/// Finds messages.
class ArenaReader {
 public:
  enum class Manner {
    inPlace,  ///< from memory that the peer is trusted not to change
    copied,   ///< into memory of this process
  };

  /// `peers` is the file to read. `own` holds the words by which messages are freed.
  ArenaReader(std::shared_ptr<ArenaFile> peers, std::shared_ptr<ArenaFile> own, Manner manner)
      : peers_(std::move(peers)), own_(std::move(own)), manner_(manner) {}

  Manner manner() const { return manner_; }

  /// Returns what is wrong with a reference; empty when nothing is.
  std::string objectionTo(const ArenaReference& reference) const;

  /// True if the file has memory for as many bytes as the message claims. The holes of a sparse
  /// file have none, and copying them would make the reader pay for memory that the writer has not.
  /// Costs one fstat.
  bool holds(const ArenaReference& reference) const;

  /// Copies a part of the message, beginning at `from`, to `to`. Returns false when the file does
  /// not have it.
  bool copy(const ArenaReference& reference, std::size_t from, std::size_t bytes, void* to) const;

  /// Returns the message where it lies; null when there is no address space. Dropping the last copy
  /// of the pointer frees the message.
  std::shared_ptr<const std::byte> lend(const ArenaReference& reference);

  /// Frees the message: it has been read.
  void done(const ArenaReference& reference) {
    own_->header().read[reference.slot].store(reference.generation, std::memory_order_release);
  }

 private:
  std::shared_ptr<ArenaFile> peers_;
  std::shared_ptr<ArenaFile> own_;
  Manner manner_;
};

/// Returns `bytes` bytes of any content, aligned to a page, which live until the last holder drops
/// them. Throws std::bad_alloc.
using TakeMemory = std::function<std::shared_ptr<std::byte>(std::size_t bytes)>;

/// One end's view of both directions. If both are null, everything goes through the pipes.
struct Arenas {
  std::shared_ptr<ArenaWriter> out;
  std::shared_ptr<ArenaReader> in;
  /// After this time without a write to `out`, or twice this time at most, unused memory goes back
  /// to the system.
  std::chrono::microseconds keepsMemory = std::chrono::seconds(10);
  /// The thread on which `in` copies; outlives the pipe. Null: `in` copies on the loop, at once.
  SideThread* side = nullptr;
  /// Gives the memory to copy to. Null: memory comes from the system.
  TakeMemory takeMemory = nullptr;
};

/// The master's end, and the descriptors for the worker. Empty when the system refuses any of it.
struct NewArenas {
  Arenas arenas;
  kj::AutoCloseFd requests;  ///< for kRequestArenaFd; cannot write
  kj::AutoCloseFd replies;   ///< for kReplyArenaFd
};
NewArenas makeArenas(std::size_t bytes);

/// The worker's end; takes over the descriptors. Empty when they are no arenas.
Arenas adoptArenas(int requests, int replies);

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
