#include <phial/master/cooperator.h>
#include <phial/master/reactor.h>

#include <stdexcept>

#include "master/reactor/cooperative_tasks.h"

namespace phial::inline v1 {
namespace {

CooperatorOptions checked(CooperatorOptions options) {
  if (options.slice < Duration::zero()) throw std::invalid_argument("Cooperator: slice < 0");
  if (options.steps == std::size_t{0}) throw std::invalid_argument("Cooperator: steps is 0");
  return options;
}

}  // namespace

void CooperativeTask::pause() { state_->pause(); }
void CooperativeTask::resume() { state_->resume(); }
void CooperativeTask::stop() { state_->stop(); }
Deferred<void> CooperativeTask::whenDone() { return state_->whenDone(); }

Cooperator::Cooperator(Clock& clock, CooperatorOptions options)
    : state_(std::make_shared<detail::CooperatorState>(clock, checked(options))) {}
Cooperator::~Cooperator() { state_->stop(); }

CooperativeTask Cooperator::cooperate(Iteration work) {
  return CooperativeTask(state_->add(std::move(work)));
}

Deferred<void> Cooperator::coiterate(Iteration work) {
  const auto task = state_->add(std::move(work));
  const auto cancelled = std::make_shared<bool>(false);
  auto made = newDeferred<void>([weak = std::weak_ptr(task), cancelled] {
    *cancelled = true;
    const auto alive = weak.lock();
    if (alive && !alive->ended()) alive->stop();
  });
  task->whenDone().addBoth([cancelled, to = std::move(made.resolver)](Outcome<void> outcome) {
    if (*cancelled) return;  // the Deferred has its CancelledError
    if (outcome.ok()) {
      to.callback();
    } else {
      to.errback(outcome.failure());
    }
  });
  return std::move(made.deferred);
}

void Cooperator::start() { state_->start(); }
void Cooperator::stop() { state_->stop(); }
bool Cooperator::running() const { return state_->running(); }

CooperativeTask cooperate(Reactor& reactor, Iteration work) {
  return reactor.cooperator().cooperate(std::move(work));
}
Deferred<void> coiterate(Reactor& reactor, Iteration work) {
  return reactor.cooperator().coiterate(std::move(work));
}

}  // namespace phial::inline v1
