#include "master/worker/stderr_excerpt.h"

#include <algorithm>

namespace phial::inline v1::detail {
namespace {

// "==4711==ERROR: AddressSanitizer: ...", as all sanitizers but one begin, and Valgrind; that one
// says "WARNING: ThreadSanitizer: ...".
bool beginsReport(std::string_view line) {
  if (line.starts_with("WARNING: ThreadSanitizer")) return true;
  if (!line.starts_with("==")) return false;
  line.remove_prefix(2);
  const auto digits = line.find_first_not_of("0123456789");
  return digits != 0 && digits != std::string_view::npos && line.substr(digits).starts_with("==");
}

std::string cut(std::string_view line) {
  if (line.size() <= StderrExcerpt::kLineBytes) return std::string(line);
  return std::string(line.substr(0, StderrExcerpt::kLineBytes)) + "...";
}

}  // namespace

void StderrExcerpt::add(std::string_view line) {
  if (!insideReport_ && beginsReport(line)) {
    begin();
    insideReport_ = true;
  }
  ++count_;
  std::string text = cut(line);
  if (first_.size() == kLines || firstBytes_ + text.size() > kBytes) firstIsFull_ = true;
  if (!firstIsFull_) {
    firstBytes_ += text.size();
    first_.push_back(text);
  }
  lastBytes_ += text.size();
  last_.push_back(std::move(text));
  while (last_.size() > kLines || lastBytes_ > kBytes) {
    lastBytes_ -= last_.front().size();
    last_.pop_front();
  }
}

void StderrExcerpt::begin() {
  first_.clear();
  firstBytes_ = 0;
  firstIsFull_ = insideReport_ = false;
  count_ = 0;
}

std::uint64_t StderrExcerpt::notInLast() const {
  return count_ - std::min<std::uint64_t>(count_, last_.size());
}

std::vector<std::string> StderrExcerpt::first() const {
  const auto size = std::min<std::uint64_t>(first_.size(), notInLast());
  return {first_.begin(), first_.begin() + static_cast<std::ptrdiff_t>(size)};
}

std::uint64_t StderrExcerpt::leftOut() const {
  return notInLast() - std::min<std::uint64_t>(first_.size(), notInLast());
}

}  // namespace phial::inline v1::detail
