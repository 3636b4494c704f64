// How far a worker's job says it has come: a place on the control page, and a bell.
//
// A job may report as often as it likes, so a report must cost neither a message nor memory. The
// worker stores the report here. It then sets the bell, and sends one small message only if the
// bell was clear. The master clears the bell before it reads, so at most one such message is under
// way, and a report that comes while the master reads rings again. Reports that the master did not
// read in time are replaced by later ones.
//
// There are two places, used in turns, and the count of reports says which is whole. So a worker
// that dies while it writes leaves its last complete report behind.
//
// Thread rule: one writer, the worker's main thread, and one reader, the master.
// Trust: the worker may write anything here, at any time. A reader gets bounded values, or nothing.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace phial {

/// The most bytes in a note; a longer one is cut, at the beginning of a UTF-8 character.
inline constexpr std::size_t kMostNoteBytes = 256;

/// `text`, or as much of its beginning as fits into `most` bytes without cutting a UTF-8 character
/// in two. Bytes that are no UTF-8 are cut where they are.
std::string_view cutText(std::string_view text, std::size_t most);

struct ProgressReport {
  std::uint64_t number = 0;  ///< the reports of one worker are counted from 1
  std::uint64_t job = 0;
  double fraction = 0;  ///< what the job said: any value, also not a number
  std::string note;     ///< at most kMostNoteBytes, of any content
};

class ProgressBoard {
 public:
  /// Worker: replaces the last report. True: the bell was clear, and the master must be told.
  bool post(std::uint64_t job, double fraction, std::string_view note);

  /// Worker: the job that has reported last; 0 before the first report.
  std::uint64_t lastJob() const;

  /// Master: clears the bell. To be called before read().
  void clearBell() { bell_.exchange(0); }

  /// The last report; nothing before the first, or when the writer is so busy that none stays whole
  /// for as long as it takes to copy it.
  std::optional<ProgressReport> read() const;

 private:
  static constexpr std::size_t kNoteWords = kMostNoteBytes / sizeof(std::uint64_t);

  struct Entry {
    std::atomic<std::uint64_t> job;
    std::atomic<double> fraction;
    std::atomic<std::uint64_t> noteBytes;
    std::array<std::atomic<std::uint64_t>, kNoteWords> note;

    void store(std::uint64_t id, double done, std::string_view text);
    ProgressReport load() const;
  };

  std::atomic<std::uint64_t> count_;  // of reports; the last one lies in entries_[count_ % 2]
  std::atomic<std::uint32_t> bell_;
  std::array<Entry, 2> entries_;
};
static_assert(std::atomic<double>::is_always_lock_free);

}  // namespace phial
