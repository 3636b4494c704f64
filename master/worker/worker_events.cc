// What a worker says, and what becomes of one that talks nonsense.
#include <csignal>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "master/worker/greeting.h"
#include "master/worker/worker_process.h"

namespace phial::inline v1::detail {
namespace {

// How ConversationRules puts a worker's abort.
constexpr std::string_view kBreaksOff = "it broke off the conversation";

}  // namespace

void WorkerProcess::handleEvents() {
  while (!dead_ && conversation_->hasEvent()) {
    if (!conversation_->hasReading()) intake_->readAhead();
    if (conversation_->isReading()) return;
    auto event = conversation_->take();
    std::visit([this](auto& e) { handle(e); }, event);
    if (!dead_) conversation_->endReading();
  }
}

void WorkerProcess::handle(Conversation::Greeting& greeting) {
  auto objection = readGreeting(greeting, functions_);
  if (!objection.empty()) return complain(std::move(objection));
  makeNextStartCall();
}

void WorkerProcess::makeNextStartCall() {
  if (state_ != WorkerState::starting) return;
  const auto [number, option, next] = env_.startCalls.after(startCall_);
  startOption_ = option;
  if (number == 0) return becomeReady();
  startCall_ = number;
  const StartCall& call = next.call();
  try {
    conversation_->start(call, find(call.function()));
  } catch (const std::exception& e) {
    complain(std::string("its ") + option + " cannot be called: " + e.what());
  }
}

void WorkerProcess::handle(Conversation::Started& answer) {
  // A worker that answers what it was not asked gives itself no second chance.
  if (startOption_ == nullptr) return complain("it answered a start call that was not made");
  auto objection = readStartAnswer(answer, startOption_);
  if (!objection.empty()) return complain(std::move(objection));
  makeNextStartCall();
}

void WorkerProcess::becomeReady() {
  startTimer_.cancel();
  state_ = WorkerState::idle;
  report();
  env_.owner.workerReady(*this);
}

void WorkerProcess::handle(Conversation::Answer& answer) {
  auto fault = intake_->take(answer);
  if (!fault.empty()) return complain(std::move(fault));
  // A job whose time was up has failed, also when it ends before the signal ends it.
  if (inFlight_.holdsExpired()) return report();
  inFlight_.popFront();
  if (inFlight_.empty() && state_ == WorkerState::busy) state_ = WorkerState::idle;
  report();
  env_.owner.workerAnswered(*this);
}

void WorkerProcess::handle(Conversation::LeaseEnded& ended) {
  leaseTimer_.cancel();
  const bool serves = state_ == WorkerState::idle || state_ == WorkerState::busy;
  if (serves) env_.owner.workerEndedLease(*this, ended.lease);
}

void WorkerProcess::handle(Conversation::Disconnected&) {
  if (child_->endIsExpected()) return;  // a reason is known
  const auto& error = conversation_->link().error();
  if (error && !conversation_->link().cutShort()) return complain(error->what());
  if (state_ == WorkerState::ending) {
    // One that is ending may close its pipes as it likes: `grace` bounds it.
    if (error) complain(error->what());
    return;
  }
  // A death closes the pipe too, also in the middle of a message, and is seen a moment later.
  const std::string place = error ? " in the middle of a message" : "";
  child_->expectEnd(
      [this, place] { complain("it closed its reply pipe" + place + " and lived on"); });
}

// Inside KJ. The bell says that there is something on the page: a report, an item, or both.
void WorkerProcess::bellRung() {
  const std::weak_ptr<WorkerProcess> weak = weak_from_this();
  if (progress_.onBell() == ProgressRelay::When::atOnce) {
    env_.reactor.callSoon([weak] {
      const auto self = weak.lock();
      if (self && !self->dead_) self->progress_.read(*self->page_);
    });
  }
  if (const auto stream = items_->stream()) {
    env_.reactor.callSoon([waiting = std::weak_ptr(stream)] {
      if (const auto live = waiting.lock()) live->arrived();
    });
  }
}

// One that never got ready has failed to start, whatever it said instead.
void WorkerProcess::complain(std::string what) {
  // A worker that breaks off the conversation is about to end itself, and says why on its page: for
  // want of memory, for instance. It is given a moment to.
  if (state_ == WorkerState::busy && what.starts_with(kBreaksOff)) {
    if (child_->endIsExpected()) return;
    death_.suspect(std::move(what));
    return child_->expectEnd([this] {
      // It lives on, though it may be on its way out.
      if (page_->refusal() != DeathEvidence::Refusal::toItsMessage) {
        return end(DeathCause::protocol, SIGKILL, death_.suspicion());
      }
      end(DeathCause::memory, SIGKILL, "memory was refused to the message that brought its job");
    });
  }
  if (state_ == WorkerState::ending) return death_.hearLastWords(std::move(what));
  end(state_ == WorkerState::starting ? DeathCause::startup : DeathCause::protocol, SIGKILL,
      std::move(what));
}

}  // namespace phial::inline v1::detail
