#include "phial/protocol/progress_board.h"

#include <algorithm>
#include <cstring>

namespace phial::inline v1 {
namespace {

// A worker that posts without a pause replaces a report about as fast as it can be copied.
constexpr int kMostTries = 16;

bool isContinuation(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

}  // namespace

std::string_view cutText(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  constexpr std::size_t kMostContinuations = 3;
  for (std::size_t back = 0; back <= std::min(most, kMostContinuations); ++back) {
    if (!isContinuation(text[most - back])) return text.substr(0, most - back);
  }
  return text.substr(0, most);
}

void ProgressBoard::Entry::store(std::uint64_t id, double done, std::string_view text) {
  job.store(id, std::memory_order_relaxed);
  fraction.store(done, std::memory_order_relaxed);
  noteBytes.store(text.size(), std::memory_order_relaxed);
  for (std::size_t i = 0; !text.empty(); ++i) {
    std::uint64_t word = 0;
    const std::size_t bytes = std::min(text.size(), sizeof word);
    std::memcpy(&word, text.data(), bytes);
    note[i].store(word, std::memory_order_relaxed);
    text.remove_prefix(bytes);
  }
}

ProgressReport ProgressBoard::Entry::load() const {
  ProgressReport report;
  report.job = job.load(std::memory_order_relaxed);
  report.fraction = fraction.load(std::memory_order_relaxed);
  std::size_t left =
      std::min<std::uint64_t>(noteBytes.load(std::memory_order_relaxed), kMostNoteBytes);
  report.note.resize(left);
  for (std::size_t i = 0; left > 0; ++i) {
    const std::uint64_t word = note[i].load(std::memory_order_relaxed);
    const std::size_t bytes = std::min(left, sizeof word);
    std::memcpy(report.note.data() + i * sizeof word, &word, bytes);
    left -= bytes;
  }
  return report;
}

bool ProgressBoard::post(std::uint64_t job, double fraction, std::string_view note) {
  const std::uint64_t number = count_.load(std::memory_order_relaxed) + 1;
  // The reader must not see the words below before the count of the report before this one: it
  // would take them for the report before that, which lies in the same place.
  std::atomic_thread_fence(std::memory_order_release);
  entries_[number % 2].store(job, fraction, cutText(note, kMostNoteBytes));
  count_.store(number, std::memory_order_release);
  // An exchange and not a load: either the master's clearing comes after it, and the master reads
  // this report, or it came before, and the bell is rung again.
  return bell_.exchange(1) == 0;
}

std::uint64_t ProgressBoard::lastJob() const {
  const std::uint64_t number = count_.load(std::memory_order_relaxed);
  return number == 0 ? 0 : entries_[number % 2].job.load(std::memory_order_relaxed);
}

std::optional<ProgressReport> ProgressBoard::read() const {
  std::uint64_t number = count_.load(std::memory_order_acquire);
  for (int tries = 0; number != 0 && tries < kMostTries; ++tries) {
    ProgressReport report = entries_[number % 2].load();
    std::atomic_thread_fence(std::memory_order_acquire);
    const std::uint64_t now = count_.load(std::memory_order_relaxed);
    // The report after this one lies in the other place; the one after that would be written over
    // this one as soon as the count has moved.
    if (now == number) {
      report.number = number;
      return report;
    }
    number = now;
  }
  return std::nullopt;
}

}  // namespace phial::inline v1
