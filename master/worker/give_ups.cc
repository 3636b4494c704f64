#include "master/worker/give_ups.h"

#include <phial/protocol/saturating_time.h>

#include <algorithm>
#include <utility>

namespace phial::inline v1::detail {

bool GiveUps::hasWhole(std::uint64_t job) const {
  return std::ranges::any_of(
      entries_, [job](const Entry& entry) { return entry.job == job && entry.element == 0; });
}

bool GiveUps::add(Entry entry) {
  const bool known = std::ranges::any_of(entries_, [&](const Entry& other) {
    return other.job == entry.job && other.element == entry.element;
  });
  if (known) return false;
  entries_.push_back({std::move(entry)});
  arm();
  return true;
}

bool GiveUps::forget(std::uint64_t job) {
  if (entries_.empty()) return false;
  if (std::erase_if(entries_, [job](const Entry& entry) { return entry.job == job; }) == 0) {
    return false;
  }
  arm();
  return true;
}

void GiveUps::arm() {
  timer_.cancel();
  if (entries_.empty()) return;
  const TimePoint due = std::ranges::min(entries_, {}, &Entry::due).due;
  const Duration delay = std::max(Duration::zero(), saturatingSubtract(due, clock_.now()));
  timer_ = clock_.callLater(delay, onDue_);
}

std::optional<GiveUps::Entry> GiveUps::nextOverdue(const WorkerPage& page, HeldBy heldBy) {
  const TimePoint now = clock_.now();
  for (std::size_t i = 0; i < entries_.size();) {
    if (entries_[i].due > now || postpone(entries_[i], page, heldBy)) {
      ++i;
      continue;
    }
    Entry done = std::move(entries_[i]);
    entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(i));
    if (page.stageOf(done.job, done.element) != WorkerPage::Stage::over) return done;
  }
  arm();
  return std::nullopt;
}

bool GiveUps::postpone(Waiting& entry, const WorkerPage& page, HeldBy heldBy) const {
  const bool returned = page.stageOf(entry.job, entry.element) == WorkerPage::Stage::returned;
  if (heldBy == HeldBy::nobody && (!returned || entry.answerIsLate)) return false;
  entry.answerIsLate = entry.answerIsLate || returned;
  entry.due = saturatingAdd(clock_.now(), grace_);
  return true;
}

}  // namespace phial::inline v1::detail
