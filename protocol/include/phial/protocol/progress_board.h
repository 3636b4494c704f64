// The progress reports of a worker's jobs: two places on the control page, and a bell.
//
// A job may report as often as it likes, so a report must cost neither a message nor memory. The
// worker stores the report here. Then it sets the bell, and sends one small message only if the
// bell was clear. The master clears the bell before it reads. At most one such message is thus
// under way, and a report that comes while the master reads rings again. A report that the master
// does not read in time is replaced by a later one.
//
// The two places are used in turns, and the count of reports says which one is complete. A worker
// that dies while it writes thus leaves its last complete report.
//
// Thread rule: one writer, the worker's main thread, and one reader, the master. Trust: the worker
// may write anything here, at any time. The reader gets bounded values, or nothing.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// The most bytes in a note. A longer note is cut, at the beginning of a UTF-8 character.
inline constexpr std::size_t kMostNoteBytes = 256;

/// Returns the longest beginning of `text` that fits into `most` bytes without cutting a UTF-8
/// character in two. Bytes that are not UTF-8 are cut anywhere.
std::string_view cutText(std::string_view text, std::size_t most);

struct ProgressReport {
  std::uint64_t number = 0;  ///< the reports of one worker are counted from 1
  std::uint64_t job = 0;
  double fraction = 0;  ///< as the job gave it: any value, also not a number
  std::string note;     ///< at most kMostNoteBytes, of any content
};

class ProgressBoard {
 public:
  /// Worker: replaces the last report. Returns true when the bell was clear: the worker must then
  /// send the message.
  bool post(std::uint64_t job, double fraction, std::string_view note);

  /// Worker: the job that has reported last; 0 before the first report.
  std::uint64_t lastJob() const;

  /// Master: clears the bell. Call it before read().
  void clearBell() { bell_.exchange(0); }

  /// Master: the last report. Empty before the first report, and when the writer replaces reports
  /// faster than they can be copied.
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

}  // namespace phial::inline v1

#pragma GCC visibility pop
