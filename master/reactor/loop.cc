#include "master/reactor/loop.h"

#include <kj/common.h>
#include <phial/protocol/descriptor.h>
#include <phial/protocol/error.h>
#include <phial/protocol/saturating_time.h>

#include <cstdio>
#include <stdexcept>
#include <utility>
#include <vector>

#include "master/reactor/next_timer.h"

namespace phial::inline v1::detail {
namespace {

constinit thread_local Loop* loopOfThisThread = nullptr;

struct ConfigFree {
  void operator()(event_config* config) const { event_config_free(config); }
};

OwnedBase makeBase() {
  const std::unique_ptr<event_config, ConfigFree> config(event_config_new());
  const StandardNumbersTaken taken;  // libevent opens some of its own
  if (config) event_config_set_flag(config.get(), EVENT_BASE_FLAG_NOLOCK);
  OwnedBase base(config ? event_base_new_with_config(config.get()) : nullptr);
  if (!base) throw Error("libevent could not make an event_base");
  return base;
}

void refuseBeside(const Loop& first, const event_base& base) {
  char text[320];
  std::snprintf(text, sizeof text,
                "Reactor: this thread has a Reactor on event_base %p already, so there can be none "
                "on event_base %p: one thread has one loop. A second Reactor shares it when it "
                "joins the same base: Reactor(first.base())",
                static_cast<const void*>(&first.base()), static_cast<const void*>(&base));
  throw std::logic_error(text);
}

}  // namespace

// The copy of a parent's Loop does not stand in the way of one of this process's own.
Loop* Loop::ofThisThread() {
  Loop* const found = loopOfThisThread;
  if (found != nullptr && found->mark_.inherited()) found->leave();
  return loopOfThisThread;
}

void Loop::leave() {
  bridge_.leave();
  if (loopOfThisThread == this) loopOfThisThread = nullptr;
}

std::shared_ptr<Loop> Loop::create() {
  if (LoopBridge* const worker = LoopBridge::toShare(); worker != nullptr) {
    return join(worker->base());
  }
  OwnedBase own = makeBase();
  event_base& base = *own;
  return std::make_shared<Loop>(Private(), base, std::move(own));
}

std::shared_ptr<Loop> Loop::join(event_base& base) {
  Loop* const first = ofThisThread();
  if (first != nullptr && &first->base_ == &base) return first->shared_from_this();
  return std::make_shared<Loop>(Private(), base, nullptr);
}

Loop::Loop(Private, event_base& base, OwnedBase owned)
    : owned_(std::move(owned)),
      base_((ofThisThread() != nullptr ? refuseBeside(*loopOfThisThread, base) : void(), base)),
      systemEvents_(std::make_shared<SystemEvents>(base_, bell_, [this] { leaveLoop(); })),
      ownBridge_(bridgeFor(base_)),
      bridge_(ownBridge_ ? *ownBridge_ : *LoopBridge::toShare()),
      firstTurn_(makeEvent<&Loop::onFirstTurn>(base_, -1, 0, this)) {
  bridge_.onScheduled([this] { bell_.noteDue(); });
  addForNextTurn(*firstTurn_);
  loopOfThisThread = this;
}

// Null: the base is that of a bridge that may be shared.
std::unique_ptr<LoopBridge> Loop::bridgeFor(event_base& base) {
  LoopBridge* const worker = LoopBridge::toShare();
  if (worker != nullptr && &worker->base() == &base) return nullptr;
  return std::make_unique<LoopBridge>(base);
}

Loop::~Loop() {
  if (!ownBridge_) bridge_.onScheduled({});
  if (loopOfThisThread == this) loopOfThisThread = nullptr;
}

// Both loops may be left by an exception, or by the end of their thread.
void Loop::run() {
  if (insideRun_) throw std::logic_error("Reactor::run: the loop is running already");
  const auto self = shared_from_this();
  insideRun_ = true;
  KJ_DEFER({
    insideRun_ = false;
    onLoopLeft();
  });
  waits_->open();
  if (event_base_loop(&base_, EVLOOP_NO_EXIT_ON_EMPTY) < 0) throw Error("libevent's loop failed");
}

void Loop::dispatch(Duration most) {
  if (insideRun_) throw std::logic_error("Reactor::dispatch: the loop is running already");
  const auto self = shared_from_this();
  const auto now = [] { return TimePoint(std::chrono::steady_clock::now()); };
  const TimePoint end = saturatingAdd(now(), most);
  insideRun_ = true;
  KJ_DEFER(insideRun_ = false);
  do {
    if (event_base_loop(&base_, EVLOOP_ONCE | EVLOOP_NONBLOCK) < 0) {
      throw Error("libevent's loop failed");
    }
  } while (state_ != State::kStopping && now() < end && nextTimer(base_) == Duration::zero());
}

void Loop::stop() {
  if (state_ == State::kStopping || state_ == State::kEnding) return;
  // A call that was left over from the last run may come before this run's first turn.
  if (state_ == State::kRunning || insideRun_) {
    if (systemEvents_->empty()) return leaveLoop();
    state_ = State::kEnding;
    systemEvents_->fire();
  } else if (!hasRun_) {
    stopRequested_ = true;
  }
}

void Loop::leaveLoop() {
  state_ = State::kStopping;
  waits_->stop();
  event_base_loopbreak(&base_);
  addForNextTurn(*firstTurn_);
  bell_.noteDue();  // who holds the loop by its descriptor is to see its end
}

void Loop::callWhenRunning(CallGuard& guard, std::function<void()> f) {
  whenRunning_.push_back({&guard, std::move(f)});
}

void Loop::dropCallsOf(const CallGuard& guard) {
  systemEvents_->dropCallsOf(guard);
  std::vector<WhenRunning> dropped;  // destroyed when the queue is in order again
  for (auto& call : std::exchange(whenRunning_, {})) {
    if (call.guard == &guard) {
      dropped.push_back(std::move(call));
    } else {
      whenRunning_.push_back(std::move(call));
    }
  }
}

void Loop::onFirstTurn() {
  if (mark_.inherited()) return;
  const auto self = shared_from_this();
  if (state_ != State::kEnding) state_ = State::kRunning;
  hasRun_ = true;
  waits_->open();
  if (std::exchange(stopRequested_, false)) return stop();
  // One at a time: a call may end another Reactor, and with it that one's calls.
  while (!whenRunning_.empty()) {
    const WhenRunning next = std::move(whenRunning_.front());
    whenRunning_.pop_front();
    next.guard->call(next.f);
  }
}

void Loop::onLoopLeft() {
  if (running()) addForNextTurn(*firstTurn_);
  systemEvents_->abandon();
  state_ = State::kIdle;
  hasRun_ = true;
  waits_->stop();
}

}  // namespace phial::inline v1::detail
