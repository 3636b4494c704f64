#include "protocol/memory/arena_copy.h"

#include <phial/protocol/thresholds.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

namespace phial::inline v1::detail {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kStep = std::chrono::microseconds(300);

}  // namespace

ArenaCopy::ArenaCopy(ArenaWriter::Place place, std::vector<kj::byte> table, Segments segments)
    : place_(std::move(place)), table_(std::move(table)), to_(place_.memory()) {
  for (std::size_t i = segments.size(); i > 0; --i) left_.push_back(segments[i - 1].asBytes());
  left_.push_back(kj::arrayPtr(table_.data(), table_.size()));
}

bool ArenaCopy::step() {
  const auto until = Clock::now() + kStep;
  while (!left_.empty()) {
    auto& first = left_.back();
    const auto bytes = std::min(first.size(), kArenaPieceBytes);
    std::memcpy(to_, first.begin(), bytes);
    to_ += bytes;
    first = first.slice(bytes, first.size());
    if (first.size() == 0) left_.pop_back();
    if (Clock::now() >= until) break;
  }
  return left_.empty();
}

}  // namespace phial::inline v1::detail
