#include <phial/master/clock.h>
#include <phial/protocol/saturating_time.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <utility>
#include <vector>

namespace phial::inline v1 {
namespace {

// When a call is due, and which of two that are due together goes first.
struct Slot {
  TimePoint when;
  std::uint64_t order;
  auto operator<=>(const Slot&) const = default;
};

}  // namespace

struct ManualClock::State {
  class Call;

  void schedule(const std::shared_ptr<Call>& call, TimePoint when);
  std::shared_ptr<Call> takeDue(TimePoint until);
  void close();

  TimePoint now;
  std::uint64_t nextOrder = 0;
  std::uint64_t turn = 0;  // counts advances
  bool closed = false;     // the clock is being destroyed: what it is asked for now is dropped
  std::map<Slot, std::shared_ptr<Call>> calls;
};

class ManualClock::State::Call final : public DelayedCall::Impl {
 public:
  Call(std::weak_ptr<State> state, std::function<void()> f)
      : state_(std::move(state)), f_(std::move(f)) {}

  bool active() const override { return active_ && !state_.expired(); }

  void cancel() override {
    auto state = state_.lock();
    if (!state) return;
    auto self = state->calls.extract(slot_);  // the last reference, perhaps
    finish();
  }

  void moveTo(TimePoint when) override {
    auto state = state_.lock();
    if (!state) return;
    auto self = std::move(state->calls.extract(slot_).mapped());
    state->schedule(self, when);
  }

  TimePoint when() const override { return slot_.when; }

  TimePoint now() const override {
    auto state = state_.lock();
    return state ? state->now : slot_.when;
  }

  // Ends it and hands out what it was to do.
  std::function<void()> finish() {
    active_ = false;
    return std::exchange(f_, nullptr);
  }

 private:
  friend struct ManualClock::State;

  std::weak_ptr<State> state_;
  std::function<void()> f_;
  Slot slot_{};
  std::uint64_t notBeforeTurn_ = 0;
  bool active_ = true;
};

void ManualClock::State::schedule(const std::shared_ptr<Call>& call, TimePoint when) {
  call->slot_ = {when, nextOrder++};
  call->notBeforeTurn_ = when <= now ? turn + 1 : 0;  // no delay: the next turn, not this one
  calls.emplace(call->slot_, call);
}

// The next call to make, no longer scheduled; null when none is due.
std::shared_ptr<ManualClock::State::Call> ManualClock::State::takeDue(TimePoint until) {
  auto due = std::find_if(calls.begin(), calls.end(), [&](const auto& entry) {
    return entry.first.when > until || entry.second->notBeforeTurn_ <= turn;
  });
  if (due == calls.end() || due->first.when > until) return nullptr;
  return std::move(calls.extract(due).mapped());
}

ManualClock::ManualClock() : state_(std::make_shared<State>()) {}

// The handle of a call may be kept by what the call itself holds, as addTimeout() and deferLater()
// do it. Such a ring is only opened by emptying the call.
void ManualClock::State::close() {
  closed = true;
  // Every handle is inert before the first captured object is destroyed: its destructor may call in
  // here again.
  std::vector<std::function<void()>> dropped;
  for (auto& [slot, call] : std::exchange(calls, {})) dropped.push_back(call->finish());
}

ManualClock::~ManualClock() { state_->close(); }

TimePoint ManualClock::now() const { return state_->now; }

DelayedCall ManualClock::callLater(Duration delay, std::function<void()> f) {
  if (state_->closed) return {};
  auto call = std::make_shared<State::Call>(state_, std::move(f));
  state_->schedule(call, detail::saturatingAdd(state_->now, std::max(delay, Duration::zero())));
  return DelayedCall(call);
}

void ManualClock::advance(Duration by) {
  if (by < Duration::zero()) throw std::invalid_argument("ManualClock::advance: time goes forward");
  auto state = state_;  // a call may destroy the clock
  const TimePoint until = detail::saturatingAdd(state->now, by);
  ++state->turn;
  while (auto call = state->takeDue(until)) {
    state->now = std::max(state->now, call->when());
    call->finish()();
  }
  state->now = std::max(state->now, until);  // a call may have advanced it further
}

std::size_t ManualClock::pending() const { return state_->calls.size(); }

}  // namespace phial::inline v1
