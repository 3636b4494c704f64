#include "master/worker/conversation.h"

#include <phial/protocol/loop_bridge.h>

#include <utility>

namespace phial::inline v1::detail {

Conversation::Conversation(const WorkerEnvironment& environment, WorkerLink::Channels channels,
                           kj::AutoCloseFd requestReadEnd, Callbacks callbacks)
    : env_(environment),
      callbacks_(std::move(callbacks)),
      requestReadEnd_(kj::mv(requestReadEnd)),
      link_(*env_.reactor.base(), std::move(channels), env_.options.maxMessageBytes, *this) {}

void Conversation::greet(std::uint64_t number) {
  link_.describe(env_.options.name, number, env_.options.spin, env_.options.parent);
}

void Conversation::startWriting(Outgoing& outgoing, std::uint64_t batch) {
  std::shared_ptr<ArgumentWriting> arguments = std::move(outgoing.writing);
  writing_ = Writing{outgoing.job->id,
                     outgoing.function,
                     batch,
                     outgoing.lease,
                     outgoing.job->trace(),
                     outgoing.timed,
                     arguments,
                     Steps(env_.reactor, env_.side, arguments, callbacks_.onWritten)};
}

void Conversation::stopWriting(std::uint64_t job) {
  if (writing_ && writing_->job == job) writing_->arguments->stop();
}

std::optional<Failure> Conversation::sendWritten(const InFlight& jobs, InFlight::Place place) {
  const Writing writing = std::move(*writing_);
  writing_.reset();
  try {
    const auto& job = jobs.job(place);
    link_.run({.id = job.id,
               .function = writing.function,
               .label = job.label,
               .trace = writing.trace,
               .timed = writing.timed,
               .slot = jobs.slotNumber(place),
               .lease = writing.lease,
               .arguments = writing.arguments->take(),
               .files = writing.arguments->files()},
              writing.batch);
    return std::nullopt;
  } catch (...) {
    return Failure::current();
  }
}

void Conversation::note(Event event) {
  events_.push_back(std::move(event));
  if (events_.size() == 1) env_.reactor.callSoon(callbacks_.onEvents);
}

Conversation::Event Conversation::take() {
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

void Conversation::readAside(std::uint64_t job, std::shared_ptr<ResultReading> reading) {
  reading_ = Reading{job, reading, Steps(env_.reactor, env_.side, reading, callbacks_.onEvents)};
}

ResultReading* Conversation::readingOf(std::uint64_t job) const {
  const bool read = reading_ && reading_->job == job && !reading_->result->stopped();
  return read ? reading_->result.get() : nullptr;
}

bool Conversation::stopReading(std::uint64_t job) {
  if (!reading_ || reading_->job != job) return false;
  reading_->result->stop();
  return true;
}

PipeDrain::Sees Conversation::sees() const {
  using Sees = PipeDrain::Sees;
  if (!link_.readPending() && !LoopBridge::current()->runnable() && events_.empty()) {
    return Sees::nothing;
  }
  return reading_ || link_.fetching() ? Sees::copying : Sees::more;
}

}  // namespace phial::inline v1::detail
