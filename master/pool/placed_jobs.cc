#include "master/pool/placed_jobs.h"

namespace phial::inline v1::detail {
namespace {

int priorityOf(const JobEntry& entry) { return entry.job->options().priority; }

}  // namespace

// A job that joins a doomed line counts as doomed.
JobQueue& PlacedJobs::lineOf(const JobEntry& entry) {
  const Placement& placement = entry.placement();
  if (placement.at == Placement::At::child) return children_[placement.depth];
  if (!placement.bound()) return fresh_;
  Line& line = lines_[placement.worker];
  mark(placement.worker);
  return line.jobs;
}

void PlacedJobs::pushBack(JobEntry& entry) {
  lineOf(entry).pushBack(entry, priorityOf(entry));
  ++size_;
  if (entry.placement().at == Placement::At::child) ++childCount_;
  if (entry.placement().bound() && !doomed_.contains(entry.placement().worker)) ++toRun_;
}

void PlacedJobs::pushFront(JobEntry& entry) {
  lineOf(entry).pushFront(entry, priorityOf(entry));
  ++size_;
  if (entry.placement().at == Placement::At::child) ++childCount_;
  if (entry.placement().bound() && !doomed_.contains(entry.placement().worker)) ++toRun_;
}

void PlacedJobs::remove(JobEntry& entry) {
  lineOf(entry).remove(entry, priorityOf(entry));
  --size_;
  if (entry.placement().at == Placement::At::child) --childCount_;
  if (entry.placement().bound() && !doomed_.contains(entry.placement().worker)) --toRun_;
}

std::optional<TimePoint> PlacedJobs::oldest() const {
  constexpr int kMostLines = 64;
  auto oldest = fresh_.oldest();
  for (const auto& [depth, line] : children_) oldest = earlier(oldest, line.oldest());
  int lines = 0;
  for (auto line = lines_.begin(); line != lines_.end() && lines < kMostLines; ++line, ++lines) {
    oldest = earlier(oldest, line->second.jobs.oldest());
  }
  return oldest;
}

JobQueue* PlacedJobs::deepest() {
  while (!children_.empty() && children_.begin()->second.empty()) {
    children_.erase(children_.begin());
  }
  return children_.empty() ? nullptr : &children_.begin()->second;
}

JobQueue* PlacedJobs::of(std::uint64_t worker) {
  const auto found = lines_.find(worker);
  if (found == lines_.end() || found->second.doom || found->second.jobs.empty()) return nullptr;
  return &found->second.jobs;
}

bool PlacedJobs::anyFor(std::uint64_t worker) const {
  const auto found = lines_.find(worker);
  return found != lines_.end() && !found->second.jobs.empty();
}

void PlacedJobs::markIfWaitedFor(std::uint64_t worker) {
  if (toRun_ > 0 && anyFor(worker)) mark(worker);
}

std::optional<std::uint64_t> PlacedJobs::firstMarked() const {
  return marked_.empty() ? std::nullopt : std::optional(*marked_.begin());
}

void PlacedJobs::unmark(std::uint64_t worker) {
  marked_.erase(worker);
  const auto found = lines_.find(worker);
  if (found == lines_.end() || !found->second.jobs.empty()) return;
  lines_.erase(found);
  doomed_.erase(worker);
}

void PlacedJobs::doom(std::uint64_t worker, const Failure& reason) {
  const auto found = lines_.find(worker);
  if (found == lines_.end() || found->second.doom) return;
  found->second.doom = reason;
  doomed_.insert(worker);
  toRun_ -= found->second.jobs.size();
  mark(worker);
}

void PlacedJobs::doomAll(const Failure& reason) {
  for (const auto& [worker, line] : lines_) doom(worker, reason);
}

// A line that has run empty is dropped when its worker's mark is looked at.
PlacedJobs::Doomed PlacedJobs::firstDoomed() {
  for (const std::uint64_t worker : doomed_) {
    Line& line = lines_.find(worker)->second;
    if (!line.jobs.empty()) return {&line.jobs.front(), &*line.doom};
  }
  return {};
}

}  // namespace phial::inline v1::detail
