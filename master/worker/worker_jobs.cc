// A worker's jobs, from the moment they are sent to the moment they are answered or taken back.
#include <algorithm>
#include <utility>

#include "master/worker/worker_process.h"

namespace phial::detail {

void WorkerProcess::run(std::span<Outgoing> jobs, Duration expected) {
  const unsigned firstSlot = inFlight_.nextSlot();
  if (jobs.front().writing) {
    startWriting(jobs.front());
  } else if (!link_->run(jobs, inFlight_.nextNumber(), firstSlot)) {
    return;
  }
  std::vector<InFlight::Job> sent;
  sent.reserve(jobs.size());
  for (const auto& [job, function, words, failure, writing] : jobs) {
    if (!failure) page_->offer(firstSlot + static_cast<unsigned>(sent.size()), job->id);
    sent.push_back({job->id, function, job->label(),
                    failure ? InFlight::Held::byPool : InFlight::Held::byWorker});
  }
  inFlight_.add(std::move(sent), env_.clock.now(), expected);
  state_ = WorkerState::busy;
  if (!takeUp_.active() && !writing_) takeUp_.begin(takeUpProgress());
  report();
}

// The worker counts as busy with it, and can still lose it: nobody has taken it up.
void WorkerProcess::startWriting(Outgoing& outgoing) {
  std::shared_ptr<ArgumentWriting> arguments = std::move(outgoing.writing);
  writing_ = Writing{outgoing.job->id, outgoing.function, inFlight_.nextNumber(), arguments,
                     Steps(env_.reactor, env_.side, arguments, [weak = weak_from_this()] {
                       if (auto self = weak.lock()) self->written();
                     })};
}

// The arguments are in their message, or never will be.
void WorkerProcess::written() {
  if (dead_) return;
  const Writing writing = std::move(*writing_);
  writing_.reset();
  std::optional<Failure> failure;
  if (const auto place = inFlight_.find(writing.job)) {
    if (state_ != WorkerState::busy) return;  // its end will say what becomes of the job
    failure = sendWritten(writing, *place);
    if (!failure) {
      if (!takeUp_.active()) takeUp_.begin(takeUpProgress());
      return report();
    }
    inFlight_.settle(*place, InFlight::Held::byPool);
  }
  inFlight_.popFront();
  if (state_ == WorkerState::busy) state_ = WorkerState::idle;
  report();
  if (failure) env_.owner.jobUnwritable(writing.job, std::move(*failure));
  env_.owner.workerAnswered(*this);
}

// Why it cannot be sent, if so.
std::optional<Failure> WorkerProcess::sendWritten(const Writing& writing, InFlight::Place place) {
  try {
    const auto& job = inFlight_.job(place);
    link_->run({.id = job.id,
                .function = writing.function,
                .label = job.label,
                .slot = inFlight_.slotNumber(place),
                .arguments = writing.arguments->take(),
                .files = writing.arguments->files()},
               writing.batch);
    return std::nullopt;
  } catch (...) {
    return Failure::current();
  }
}

Load WorkerProcess::load() const {
  Load load{.state = state_, .room = hasRoom(), .given = inFlight_.answered()};
  if (!inFlight_.empty()) {
    load.held = inFlight_.held();
    load.expected = inFlight_.expected();
    load.next = inFlight_.meanOfOldest();
    load.given += load.held;
  }
  return load;
}

bool WorkerProcess::hasRoom() const {
  if (writing_) return false;
  if (state_ == WorkerState::idle) return true;
  return state_ == WorkerState::busy && !inFlight_.full() && giveUps_.empty();
}

bool WorkerProcess::takeBack(std::uint64_t job) {
  const auto place = inFlight_.find(job);
  if (!place || !page_->withdraw(*place)) return false;
  inFlight_.settle(*place, InFlight::Held::byPool);
  if (writing_ && writing_->job == job) writing_->arguments->stop();
  report();
  return true;
}

void WorkerProcess::collect() {
  const auto served = inFlight_.answered();
  auto fault = fetchAllDelivered();
  if (inFlight_.answered() != served) report();
  if (!fault.empty()) endForNonsense(std::move(fault));
}

std::string WorkerProcess::fetchAllDelivered() {
  for (std::size_t batch = 0; batch < inFlight_.batches().size(); ++batch) {
    auto fault = fetchDelivered(batch);
    // The rest of this batch is to be read first.
    if (!fault.empty() || !inFlight_.allSettled(batch)) return fault;
  }
  return {};
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

}  // namespace phial::detail
