#include "master/reactor/timers.h"

#include <phial/protocol/saturating_time.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

namespace phial::inline v1::detail {
namespace {

void setTimer(int fd, TimePoint when) {
  const auto since = when.time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
  itimerspec spec{};
  spec.it_value.tv_sec = seconds.count();
  spec.it_value.tv_nsec = (since - seconds).count();
  timerfd_settime(fd, TFD_TIMER_ABSTIME, &spec, nullptr);
}

}  // namespace

class Timers::Call final : public DelayedCall::Impl {
 public:
  explicit Call(std::function<void()> f) : f_(std::move(f)) {}

  bool active() const override { return timers_ != nullptr; }
  TimePoint when() const override { return key_.first; }
  TimePoint now() const override { return Timers::now(); }

  void cancel() override {
    const auto self = timers_->take(key_);
    // What the function captured dies last: its destructor may call in here again.
    const auto dropped = self->release();
  }

  void moveTo(TimePoint when) override {
    Timers& timers = *timers_;
    timers.insert(timers.take(key_), when);
  }

  void enter(Timers& timers, Key key) {
    timers_ = &timers;
    key_ = key;
  }
  std::function<void()> release() {
    timers_ = nullptr;
    return std::exchange(f_, nullptr);
  }

 private:
  Timers* timers_ = nullptr;
  Key key_;
  std::function<void()> f_;
};

Timers::Timers(event_base& base, CallGuard& guard, LoopBell& bell)
    : guard_(guard),
      bell_(bell),
      timerFd_(
          checkedFd(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), "timerfd_create")),
      timerFdEvent_(
          makeEvent<&Timers::onTimerFd>(base, timerFd_.get(), EV_READ | EV_PERSIST, this)),
      dueEvent_(makeEvent<&Timers::onDue>(base, -1, 0, this)) {
  if (event_add(timerFdEvent_.get(), nullptr) != 0) throw Error("cannot watch the timer");
}

Timers::~Timers() { close(); }

void Timers::close() {
  // Every handle is made inert before the first captured object is destroyed.
  std::vector<std::function<void()>> dropped;
  for (auto& [key, call] : std::exchange(calls_, {})) dropped.push_back(call->release());
}

DelayedCall Timers::add(Duration delay, std::function<void()> f) {
  auto call = std::make_shared<Call>(std::move(f));
  insert(call, saturatingAdd(now(), std::max(delay, Duration::zero())));
  return DelayedCall(std::move(call));
}

void Timers::insert(std::shared_ptr<Call> call, TimePoint when) {
  // Never before now: the calls added while due ones run must sort behind those.
  const Key key{std::max(when, now()), nextOrder_++};
  call->enter(*this, key);
  calls_.emplace(key, std::move(call));
  arm();
}

std::shared_ptr<Timers::Call> Timers::take(const Key& key) {
  return std::move(calls_.extract(key).mapped());
}

void Timers::onTimerFd() {
  if (guard_.inherited()) return;  // it is the parent's to read, and to set
  std::uint64_t expirations;
  [[maybe_unused]] const auto n = read(timerFd_.get(), &expirations, sizeof expirations);
  armedFor_ = TimePoint::max();
  // One batch a turn: when the other event is to run anyway, that one does it.
  if (!duePending_) runDue();
}

void Timers::onDue() {
  duePending_ = false;
  runDue();
}

void Timers::runDue() {
  // What these calls ask for lies behind both limits; the second counts where the clock is so
  // coarse that it stands still between two calls.
  const TimePoint now = Timers::now();
  const std::uint64_t end = nextOrder_;
  while (!calls_.empty()) {
    const Key key = calls_.begin()->first;
    if (key.first > now || key.second >= end) break;
    const auto f = take(key)->release();
    guard_.call(f);
  }
  arm();
}

void Timers::arm() {
  if (calls_.empty() || duePending_ || guard_.inherited()) return;
  const TimePoint next = calls_.begin()->first.first;
  if (next <= now()) {
    duePending_ = true;
    addForNextTurn(*dueEvent_);
    bell_.noteDue();
  } else if (next < armedFor_) {
    armedFor_ = next;
    setTimer(timerFd_.get(), next);
  }
}

}  // namespace phial::inline v1::detail
