#include <phial/master/reactor.h>
#include <phial/protocol/error.h>
#include <phial/protocol/loop_bridge.h>

#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "master/reactor/call_guard.h"
#include "master/reactor/event.h"
#include "master/reactor/soon_queue.h"
#include "master/reactor/thread_queue.h"
#include "master/reactor/timers.h"
#include "master/reactor/watches.h"
#include "master/supervision/child_reaper.h"
#include "master/supervision/process_state.h"

namespace phial {
namespace {

struct BaseFree {
  void operator()(event_base* base) const { event_base_free(base); }
};
using OwnedBase = std::unique_ptr<event_base, BaseFree>;

struct ConfigFree {
  void operator()(event_config* config) const { event_config_free(config); }
};

OwnedBase makeBase() {
  const std::unique_ptr<event_config, ConfigFree> config(event_config_new());
  if (config) event_config_set_flag(config.get(), EVENT_BASE_FLAG_NOLOCK);
  OwnedBase base(config ? event_base_new_with_config(config.get()) : nullptr);
  if (!base) throw Error("libevent could not make an event_base");
  return base;
}

event_base& required(event_base* base) {
  if (base == nullptr) throw std::invalid_argument("Reactor: the event_base is null");
  return *base;
}

}  // namespace

struct Reactor::Core {
  explicit Core(OwnedBase own) : Core(*own) { owned.swap(own); }
  explicit Core(event_base& joined) : base(joined) { detail::addForNextTurn(*firstTurn); }

  void onFirstTurn() {
    state = State::kRunning;
    if (std::exchange(stopRequested, false)) return stop();
    for (const auto& f : std::exchange(whenRunning, {})) guard.call(f);
  }

  void stop() {
    switch (state) {
      case State::kIdle:
        stopRequested = true;
        break;
      case State::kRunning:
        state = State::kStopping;
        event_base_loopbreak(&base);
        detail::addForNextTurn(*firstTurn);
        break;
      case State::kStopping:
        break;
    }
  }

  void onLoopLeft() {
    if (state == State::kRunning) detail::addForNextTurn(*firstTurn);
    state = State::kIdle;
  }

  // Stopping ends with run(), or, when the host dispatches, with the first turn of its next loop.
  enum class State { kIdle, kRunning, kStopping };

  OwnedBase owned;  // first: it goes last
  event_base& base;
  LoopBridge bridge{base};  // before all that may hold promises
  detail::CallGuard guard;
  detail::Timers timers{base, guard};
  detail::SoonQueue soon{base, guard};
  detail::ThreadQueue fromThreads{base, guard};
  detail::Watches watches{base, guard};
  detail::ChildReaper reaper{watches};
  detail::EventPtr firstTurn = detail::makeEvent<&Core::onFirstTurn>(base, -1, 0, this);
  std::vector<std::function<void()>> whenRunning;
  State state = State::kIdle;
  bool stopRequested = false;
  bool insideRun = false;
};

Reactor::Reactor() : core_(std::make_unique<Core>(makeBase())) {}
Reactor::Reactor(event_base* base) : core_(std::make_unique<Core>(required(base))) {}
Reactor::~Reactor() = default;

void Reactor::run() {
  if (core_->insideRun) throw std::logic_error("Reactor::run: the loop is running already");
  core_->insideRun = true;
  const int result = event_base_loop(&core_->base, EVLOOP_NO_EXIT_ON_EMPTY);
  core_->insideRun = false;
  core_->onLoopLeft();
  if (result < 0) throw Error("libevent's loop failed");
}

void Reactor::stop() { core_->stop(); }

bool Reactor::running() const { return core_->state == Core::State::kRunning; }

TimePoint Reactor::now() const { return detail::Timers::now(); }

DelayedCall Reactor::callLater(Duration delay, std::function<void()> f) {
  return core_->timers.add(delay, std::move(f));
}

void Reactor::callWhenRunning(std::function<void()> f) {
  if (running()) {
    callLater(Duration::zero(), std::move(f));
  } else {
    core_->whenRunning.push_back(std::move(f));
  }
}

void Reactor::callFromThread(std::function<void()> f) { core_->fromThreads.add(std::move(f)); }

void Reactor::callSoon(std::function<void()> f) { core_->soon.add(std::move(f)); }

Watch Reactor::addReader(int fd, std::function<void()> f) {
  return core_->watches.add(fd, EV_READ, std::move(f));
}

Watch Reactor::addWriter(int fd, std::function<void()> f) {
  return core_->watches.add(fd, EV_WRITE, std::move(f));
}

Process Reactor::spawnProcess(const SpawnOptions& options) {
  return detail::spawn(*this, core_->reaper, options);
}

void Reactor::onCallbackError(std::function<void(std::exception_ptr)> hook) {
  core_->guard.setHook(std::move(hook));
}

event_base* Reactor::base() const { return &core_->base; }

}  // namespace phial
