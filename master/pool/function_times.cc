#include "master/pool/function_times.h"

#include <utility>

namespace phial::inline v1::detail {
namespace {

constexpr int kSurprise = 8;

}  // namespace

std::optional<Duration> FunctionTimes::of(FunctionName function) const {
  const auto found = find(function);
  if (found == times_.end()) return std::nullopt;
  return found->second.time;
}

void FunctionTimes::note(FunctionName function, Duration run) {
  const auto found = find(function);
  if (found == times_.end()) {
    times_.emplace(Key(function.name, function.signature), Average{run});
    return;
  }
  auto& [average, surprised] = times_.find(found->first)->second;
  const bool surprise = run > average * kSurprise;
  if (!std::exchange(surprised, surprise) && surprise) return;
  const Duration change = run - average;
  average += change > Duration::zero() ? change / 2 : change / 16;
}

FunctionTimes::Times::const_iterator FunctionTimes::find(FunctionName function) const {
  const bool same = latest_ != times_.end() && latest_->first.first == function.name &&
                    latest_->first.second == function.signature;
  if (!same) latest_ = times_.find(function);
  return latest_;
}

}  // namespace phial::inline v1::detail
