#include "master/service/function_counts.h"

#include <algorithm>
#include <utility>

#include "master/service/text_format.h"

namespace phial::inline v1::detail {
namespace {

constexpr std::string_view kOther = "other";
constexpr std::size_t kMostName = 256;
constexpr std::size_t kFirstKind = 2;

}  // namespace

const std::array<std::string_view, FunctionCounts::kOutcomes> FunctionCounts::kOutcomeNames = {
    "succeeded", "cancelled", "raised",  "refused",     "overloaded",
    "timed_out", "given_up",  "crashed", "unavailable", "internal"};

std::size_t FunctionCounts::outcomeOf(const JobEvent& event) {
  if (event.outcome == JobOutcome::succeeded) return 0;
  if (event.outcome == JobOutcome::cancelled || event.failure == nullptr) return 1;
  return kFirstKind + static_cast<std::size_t>(event.failure->kind());
}

std::size_t FunctionCounts::findRow(std::string_view name) {
  const std::string_view key = name.substr(0, kMostName);
  auto known = rowsByName_.find(key);
  if (known == rowsByName_.end()) {
    if (rowsByName_.size() >= most_) return otherRow();
    known = rowsByName_.emplace(key, rowShownAs(validText(key))).first;
  }
  latest_ = &*known;
  return known->second;
}

std::size_t FunctionCounts::otherRow() {
  if (!otherRow_) otherRow_ = rowShownAs(std::string(kOther));
  return *otherRow_;
}

// Different names may have to be shown as the same text, and a series must not come twice.
std::size_t FunctionCounts::rowShownAs(std::string text) {
  const auto row = std::ranges::find(rows_, text, &Row::function);
  if (row != rows_.end()) return static_cast<std::size_t>(row - rows_.begin());
  rows_.push_back({std::move(text), {}});
  return rows_.size() - 1;
}

}  // namespace phial::inline v1::detail
