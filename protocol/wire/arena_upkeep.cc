#include "protocol/wire/arena_upkeep.h"

#include <utility>

namespace phial::inline v1::detail {
namespace {

constexpr std::size_t kGivenBackAtOnce = 1 << 20;  // a quarter of a millisecond
constexpr timeval kNextPass{0, 0};

timeval timevalOf(std::chrono::microseconds duration) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(duration);
  return {seconds.count(), (duration - seconds).count()};
}

}  // namespace

ArenaUpkeep::ArenaUpkeep(event_base& base, std::shared_ptr<ArenaWriter> arena,
                         std::chrono::microseconds keepsMemory)
    : arena_(std::move(arena)),
      interval_(timevalOf(keepsMemory)),
      timer_(newEvent(base, -1, 0, &ArenaUpkeep::onTimer, this)) {}

std::optional<ArenaWriter::Place> ArenaUpkeep::allocate(std::size_t bytes, std::size_t lead) {
  if (!arena_) return std::nullopt;
  auto place = arena_->allocate(bytes, lead);
  if (!place) return std::nullopt;
  used_ = true;
  if (!std::exchange(pending_, true)) event_add(timer_.get(), &interval_);
  return place;
}

void ArenaUpkeep::onTimer(evutil_socket_t, short, void* self) noexcept {
  auto& upkeep = *static_cast<ArenaUpkeep*>(self);
  if (!upkeep.mark_.inherited()) upkeep.look();
}

void ArenaUpkeep::look() {
  const bool used = std::exchange(used_, false);
  const bool more = !used && arena_->giveBack(kGivenBackAtOnce);
  pending_ = arena_->hasMemory();
  if (pending_) event_add(timer_.get(), more ? &kNextPass : &interval_);
}

}  // namespace phial::inline v1::detail
