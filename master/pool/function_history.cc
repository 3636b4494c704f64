#include "master/pool/function_history.h"

#include <phial/protocol/thresholds.h>

#include <algorithm>
#include <utility>

namespace phial::inline v1::detail {
namespace {

constexpr int kSurprise = 8;
// A new time counts for half if it is longer, for a sixteenth if it is shorter; a new size counts
// for a sixteenth. An average size is kept with 8 bits behind the point, or its rounding would hide
// small changes.
constexpr int kQuickly = 2;
constexpr int kSlowly = 16;
constexpr std::int64_t kWordScale = 256;

std::int64_t scaled(std::uint64_t words) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(words, kResultRoomWords + 1)) *
         kWordScale;
}

}  // namespace

std::optional<Duration> FunctionHistory::time(FunctionName function) const {
  const auto found = find(function);
  if (found == functions_.end()) return std::nullopt;
  return found->second.time;
}

std::uint64_t FunctionHistory::resultWords(FunctionName function) const {
  const auto found = find(function);
  if (found == functions_.end()) return 0;
  return static_cast<std::uint64_t>(found->second.scaledWords / kWordScale);
}

void FunctionHistory::note(FunctionName function, Duration run, std::uint64_t resultWords) {
  const auto found = find(function);
  if (found == functions_.end()) {
    functions_.emplace(Key(function.name, function.signature), Averages{run, scaled(resultWords)});
    return;
  }
  // An iterator that may change what it points to costs no search.
  auto& averages = functions_.erase(found, found)->second;
  averages.scaledWords += (scaled(resultWords) - averages.scaledWords) / kSlowly;
  const bool surprise = run > averages.time * kSurprise;
  if (!std::exchange(averages.surprised, surprise) && surprise) return;
  const Duration change = run - averages.time;
  averages.time += change / (change > Duration::zero() ? kQuickly : kSlowly);
}

FunctionHistory::Functions::const_iterator FunctionHistory::find(FunctionName function) const {
  const bool same = latest_ != functions_.end() && latest_->first.first == function.name &&
                    latest_->first.second == function.signature;
  if (!same) latest_ = functions_.find(function);
  return latest_;
}

}  // namespace phial::inline v1::detail
