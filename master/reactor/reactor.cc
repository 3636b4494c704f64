#include <phial/master/reactor.h>
#include <phial/protocol/error.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <utility>

#include "master/reactor/call_guard.h"
#include "master/reactor/loop.h"
#include "master/reactor/soon_queue.h"
#include "master/reactor/thread_queue.h"
#include "master/reactor/timers.h"
#include "master/reactor/watches.h"
#include "master/supervision/child_reaper.h"
#include "master/supervision/process_state.h"

namespace phial {
namespace {

event_base& required(event_base* base) {
  if (base == nullptr) throw std::invalid_argument("Reactor: the event_base is null");
  return *base;
}

}  // namespace

struct Reactor::Core {
  explicit Core(std::shared_ptr<detail::Loop> shared) : loop(std::move(shared)) {}

  const detail::OwnerThread& thread() const { return loop->thread(); }

  // Drops what has not been called, while all of this still stands: the destructor of what a call
  // holds may call in here again. What it asks for then is dropped at once.
  void close() {
    closed = true;
    loop->dropCallsOf(guard);
    timers.close();
    soon.close();
    fromThreads.close();
    watches.close();
  }

  void requireOwnProcess(const char* member) const {
    if (!guard.inherited()) return;
    throw std::logic_error(std::string("Reactor::") + member +
                           ": this Reactor belongs to process " + std::to_string(process) +
                           ", and this one (" + std::to_string(::getpid()) +
                           ") was forked from it: make a Reactor of its own here");
  }

  // Whether a call is dropped instead of kept: at the end, and in a forked child.
  bool inert() const { return closed || guard.inherited(); }

  const pid_t process = ::getpid();
  const std::shared_ptr<detail::Loop> loop;
  event_base& base = loop->base();
  detail::CallGuard guard;
  detail::Timers timers{base, guard};
  detail::SoonQueue soon{base, guard};
  detail::ThreadQueue fromThreads{base, guard};
  detail::Watches watches{base, guard};
  detail::ChildReaper reaper{watches, timers};
  bool closed = false;
};

Reactor::Reactor() : core_(std::make_unique<Core>(detail::Loop::create())) {}
Reactor::Reactor(event_base* base)
    : core_(std::make_unique<Core>(detail::Loop::join(required(base)))) {}
Reactor::~Reactor() {
  if (!core_->guard.inherited()) {
    core_->close();
    return;
  }
  core_->loop->leave();
  detail::keepForever(std::shared_ptr<Core>(std::move(core_)));
}

void Reactor::run() {
  core_->requireOwnProcess("run");
  core_->thread().require("Reactor::run");
  core_->loop->run();
}

void Reactor::stop() {
  core_->thread().require("Reactor::stop");
  if (!core_->guard.inherited()) core_->loop->stop();
}

bool Reactor::running() const { return core_->loop->running(); }

TimePoint Reactor::now() const { return detail::Timers::now(); }

DelayedCall Reactor::callLater(Duration delay, std::function<void()> f) {
  core_->thread().requireInDebug("Reactor::callLater");
  if (core_->inert()) return {};
  return core_->timers.add(delay, std::move(f));
}

void Reactor::callWhenRunning(std::function<void()> f) {
  core_->thread().requireInDebug("Reactor::callWhenRunning");
  if (running()) {
    callLater(Duration::zero(), std::move(f));
  } else if (!core_->inert()) {
    core_->loop->callWhenRunning(core_->guard, std::move(f));
  }
}

void Reactor::callFromThread(std::function<void()> f) { core_->fromThreads.add(std::move(f)); }

void Reactor::callSoon(std::function<void()> f) {
  core_->thread().requireInDebug("Reactor::callSoon");
  if (!core_->inert()) core_->soon.add(std::move(f));
}

Watch Reactor::addReader(int fd, std::function<void()> f) {
  core_->thread().requireInDebug("Reactor::addReader");
  if (core_->inert()) return {};
  return core_->watches.add(fd, EV_READ, std::move(f));
}

Watch Reactor::addWriter(int fd, std::function<void()> f) {
  core_->thread().requireInDebug("Reactor::addWriter");
  if (core_->inert()) return {};
  return core_->watches.add(fd, EV_WRITE, std::move(f));
}

Process Reactor::spawnProcess(const SpawnOptions& options) {
  core_->requireOwnProcess("spawnProcess");
  core_->thread().requireInDebug("Reactor::spawnProcess");
  return detail::spawn(*this, core_->reaper, options);
}

void Reactor::onCallbackError(std::function<void(std::exception_ptr)> hook) {
  core_->thread().requireInDebug("Reactor::onCallbackError");
  core_->guard.setHook(std::move(hook));
}

event_base* Reactor::base() const { return &core_->base; }

void Reactor::requireThread(const char* call) const { core_->thread().require(call); }

}  // namespace phial
