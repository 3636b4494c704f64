#include <phial/master/reactor.h>
#include <phial/protocol/error.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "master/reactor/call_guard.h"
#include "master/reactor/loop.h"
#include "master/reactor/next_timer.h"
#include "master/reactor/reactor_core.h"
#include "master/reactor/soon_queue.h"
#include "master/reactor/thread_queue.h"
#include "master/reactor/timers.h"
#include "master/reactor/watches.h"

namespace phial::inline v1 {
namespace {

event_base& required(event_base* base) {
  if (base == nullptr) throw std::invalid_argument("Reactor: the event_base is null");
  return *base;
}

}  // namespace

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

SystemEventTrigger Reactor::addTrigger(SystemEventPhase phase, std::function<Deferred<void>()> f) {
  core_->thread().requireInDebug("Reactor::addSystemEventTrigger");
  if (core_->inert()) return {};
  return SystemEventTrigger(core_->loop->systemEvents().add(core_->guard, phase, std::move(f)));
}

bool Reactor::removeSystemEventTrigger(const SystemEventTrigger& trigger) {
  core_->thread().requireInDebug("Reactor::removeSystemEventTrigger");
  return !core_->inert() && core_->loop->systemEvents().remove(trigger.trigger_.lock());
}

Cooperator& Reactor::cooperator() {
  core_->thread().requireInDebug("Reactor::cooperator");
  if (!core_->cooperator) {
    core_->cooperator = std::make_unique<Cooperator>(*this);
    if (core_->inert()) core_->cooperator->stop();
  }
  return *core_->cooperator;
}

int Reactor::fd() {
  core_->requireOwnProcess("fd");
  core_->thread().require("Reactor::fd");
  return core_->loop->bell().descriptor();
}

void Reactor::dispatch(Duration most) {
  core_->requireOwnProcess("dispatch");
  core_->thread().require("Reactor::dispatch");
  core_->loop->dispatch(most);
}

std::optional<Duration> Reactor::nextTimeout() const {
  core_->requireOwnProcess("nextTimeout");
  core_->thread().require("Reactor::nextTimeout");
  return detail::nextTimer(core_->base);
}

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

void Reactor::callFromThread(std::function<void()> f) { core_->fromThreads->add(std::move(f)); }

void Reactor::callInThread(std::function<void()> f) { threadPool().callInThread(std::move(f)); }

ThreadPool& Reactor::threadPool() {
  core_->requireOwnProcess("threadPool");
  core_->thread().requireInDebug("Reactor::threadPool");
  if (core_->closed) throw ReactorStopped("the reactor has ended");
  if (!core_->threads) {
    auto made = std::make_unique<ThreadPool>(ThreadPoolOptions{.name = "phial-thread"});
    made->start();
    core_->threads = std::move(made);
  }
  return *core_->threads;
}

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

void Reactor::onCallbackError(std::function<void(std::exception_ptr)> hook) {
  core_->thread().requireInDebug("Reactor::onCallbackError");
  core_->guard.setHook(std::move(hook));
}

event_base* Reactor::base() const { return &core_->base; }

void Reactor::requireThread(const char* call) const { core_->thread().require(call); }

}  // namespace phial::inline v1
