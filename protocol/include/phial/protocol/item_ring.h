// Carries the items of a stream from worker to master, without a message for each.
//
// The worker writes words into a ring of shared memory and counts them; the master copies them out
// and counts what it has taken. The difference of the counts is what lies in the ring, so the
// ring's size is the credit: a worker that has used it up waits. Nobody calls anybody while both
// are at work. Each side says when it is about to sleep, and the other side wakes it by the bell of
// its pipe: eight bytes, and never more than one bell for one sleep.
//
// An item is a header word, which holds the number of words that follow, and a message of one
// segment with a Value at its root. An item that is larger than the ring goes through it in pieces.
//
// The ring is the room for results of the batch in which the job travels (control_page.h). A stream
// travels alone, and a lone job's result comes in the answer, so the room is free.
//
// Life: from the sending of the job to its answer. Both sides count from 0 for each job.
//
// Trust: the worker may write anything, at any time. The master believes its own count alone, and
// refuses a count of the worker's that leaves more in the ring than the ring holds.
#pragma once

#include <phial/protocol/control_page.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

/// In words. A writer that found the ring full is woken when a quarter of it is free.
inline constexpr std::size_t kItemRingWords = ResultMemory::kBatchWords;
inline constexpr std::size_t kItemRingQuarter = kItemRingWords / 4;

/// The worker's side. One thread.
class ItemRingWriter {
 public:
  /// Both are borrowed. REQUIRES: the master has begun this job's stream.
  ItemRingWriter(ItemRing& ring, ResultMemory& memory, unsigned slot)
      : ring_(ring), room_(memory.words[slot / kBatchSlots % kBatches]) {}

  /// How many words there is room for now.
  std::size_t space() const;
  /// Appends words, which the master does not see before publish(). REQUIRES: space() for them.
  void append(std::span<const std::uint64_t> words);
  /// Shows the master what was appended. True: it sleeps, and is to be rung.
  bool publish();
  /// Says that this side is about to sleep until there is room. Look at space() again afterwards.
  void beginWait();
  void endWait();

 private:
  ItemRing& ring_;
  std::span<std::uint64_t> room_;
  std::uint64_t written_ = 0;
};

/// The master's side.
class ItemRingReader {
 public:
  /// Begins the stream of `job`, which is about to be sent in `slot`. Both are borrowed.
  ItemRingReader(ItemRing& ring, const ResultMemory& memory, unsigned slot, std::uint64_t job);

  /// Moves up to `most` words to the end of `to`. Returns false when the worker's count cannot be
  /// true; nothing is moved then.
  bool take(std::vector<std::uint64_t>& to, std::size_t most);
  /// Says that this side is about to sleep until there is something. True: there is something
  /// already, and no bell will come for it.
  bool beginWait();
  /// True if the worker sleeps and is to be rung, because there is room for it or because `always`.
  enum class Wake { ifRoom, always };
  bool wakesWriter(Wake wake);

 private:
  ItemRing& ring_;
  std::span<const std::uint64_t> room_;
  std::uint64_t taken_ = 0;
};

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
