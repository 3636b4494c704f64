// A worker's jobs, from the moment they are sent to the moment they are answered or taken back.
#include <algorithm>
#include <utility>

#include "master/worker/worker_process.h"

namespace phial::inline v1::detail {

Load WorkerProcess::load() const {
  Load load{.state = state_, .given = inFlight_.answered()};
  if (!inFlight_.empty()) {
    load.held = inFlight_.held();
    load.expected = inFlight_.expected();
    load.next = inFlight_.meanOfOldest();
    load.given += load.held;
  }
  const bool takesOneMore = state_ == WorkerState::busy && !inFlight_.full() && giveUps_.empty();
  load.room = (state_ == WorkerState::idle || takesOneMore) && !conversation_->isWriting();
  return load;
}

void WorkerProcess::run(std::span<Outgoing> jobs, Duration expected) {
  const unsigned firstSlot = inFlight_.nextSlot();
  // A job that is written aside counts as held, and can still be taken back: nobody has begun it.
  if (jobs.front().writing) {
    conversation_->startWriting(jobs.front(), inFlight_.nextNumber());
  } else if (!conversation_->run(jobs, inFlight_.nextNumber(), firstSlot)) {
    return;
  }
  beginItems(*jobs.front().job, jobs.size(), firstSlot);
  std::vector<InFlight::Job> sent;
  sent.reserve(jobs.size());
  for (const Outgoing& outgoing : jobs) {
    const Job& job = *outgoing.job;
    const bool failed = outgoing.failure.has_value();
    if (!failed) page_->offer(firstSlot + static_cast<unsigned>(sent.size()), job.id);
    sent.push_back({job.id, outgoing.function, job.label(),
                    failed ? InFlight::Held::byPool : InFlight::Held::byWorker});
  }
  inFlight_.add(std::move(sent), env_.clock.now(), expected);
  state_ = WorkerState::busy;
  if (!conversation_->isWriting()) watchTakeUp();
  report();
}

// Before the message can reach the worker: a stream travels alone.
void WorkerProcess::beginItems(const Job& job, std::size_t jobs, unsigned slot) {
  if (jobs != 1 || job.function().gives != Gives::items) return;
  if (ItemStream* const stream = job.stream()) {
    items_->begin(job.id, *stream, env_.options.maxMessageBytes, *page_, slot);
  }
}

// The arguments are in their message, or never will be.
void WorkerProcess::written() {
  if (dead_) return;
  const std::uint64_t job = conversation_->writtenJob();
  const auto place = inFlight_.find(job);
  std::optional<Failure> failure;
  // If it is ending, its end will say what becomes of the job.
  if (place && state_ != WorkerState::busy) return conversation_->dropWritten();
  if (place) {
    failure = conversation_->sendWritten(inFlight_, *place);
    if (!failure) {
      watchTakeUp();
      return report();
    }
    inFlight_.settle(*place, InFlight::Held::byPool);
  }
  static_cast<void>(items_->finish(job));
  conversation_->dropWritten();
  inFlight_.popFront();
  if (state_ == WorkerState::busy) state_ = WorkerState::idle;
  report();
  if (failure) env_.owner.jobUnwritable(job, std::move(*failure));
  env_.owner.workerAnswered(*this);
}

bool WorkerProcess::takeBack(std::uint64_t job) {
  const auto place = inFlight_.find(job);
  if (!place || !page_->takeBack(*place)) return false;
  conversation_->stopWriting(job);
  static_cast<void>(items_->finish(job));
  report();
  return true;
}

std::vector<std::uint64_t> WorkerProcess::takeBackLast(std::size_t most) {
  std::vector<std::uint64_t> taken;
  const auto held = inFlight_.all();
  for (auto it = held.rbegin(); it != held.rend() && taken.size() < most; ++it) {
    // Those before one that has begun have begun too.
    if (!takeBack(*it)) break;
    taken.push_back(*it);
  }
  std::reverse(taken.begin(), taken.end());
  return taken;
}

void WorkerProcess::collect() {
  const auto served = inFlight_.answered();
  auto fault = intake_->takeDelivered();
  if (inFlight_.answered() != served) report();
  if (!fault.empty()) complain(std::move(fault));
}

}  // namespace phial::inline v1::detail
