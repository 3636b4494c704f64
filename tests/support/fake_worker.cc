#include "tests/support/fake_worker.h"

#include <capnp/message.h>
#include <phial/master/errors.h>

#include <algorithm>
#include <utility>

namespace phial::detail {

void FakeWorker::getReady() {
  state_ = WorkerState::idle;
  report();
  owner_.workerReady(*this);
}

FakeWorker::Held* FakeWorker::first() {
  for (Batch& batch : batches_) {
    if (!batch.jobs.empty()) return &batch.jobs.front();
  }
  return nullptr;
}

const FakeWorker::Held* FakeWorker::find(std::uint64_t job) const {
  for (const Batch& batch : batches_) {
    for (const Held& held : batch.jobs) {
      if (held.id == job) return &held;
    }
  }
  return nullptr;
}

void FakeWorker::beginNext() {
  if (Held* const held = first(); held != nullptr && !held->begunAt) {
    held->begunAt = world_.clock.now();
  }
}

void FakeWorker::answerNext(Duration run) {
  beginNext();
  Held* const held = first();
  if (held == nullptr) return;
  const auto id = held->id;
  for (Batch& batch : batches_) {
    std::erase_if(batch.jobs, [id](const Held& job) { return job.id == id; });
  }
  if (giveUp_ && giveUp_->job == id) giveUp_.reset();
  ++served_;
  capnp::MallocMessageBuilder message;
  auto result = message.initRoot<schema::JobResult>();
  result.setId(id);
  result.initValue().setVoid();
  // Of the machine's clock: just now.
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  result.setStartedNanoseconds(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
  result.setRunNanoseconds(static_cast<std::uint64_t>(run.count()));
  ResultFiles files;
  owner_.jobAnswered(*this, {result.asReader(), nullptr, files});
  popAnswered();
  report();
  owner_.workerAnswered(*this);
}

void FakeWorker::answerAll(Duration run) {
  while (first() != nullptr) answerNext(run);
  answerEmptied();
}

void FakeWorker::answerEmptied() {
  if (state_ != WorkerState::busy || batches_.empty() || !batches_.front().jobs.empty()) return;
  popAnswered();
  report();
  owner_.workerAnswered(*this);
}

void FakeWorker::popAnswered() {
  while (!batches_.empty() && batches_.front().jobs.empty()) batches_.pop_front();
  if (batches_.empty() && state_ == WorkerState::busy) state_ = WorkerState::idle;
}

void FakeWorker::crash(ExitStatus status) {
  const bool starting = state_ == WorkerState::starting;
  end(starting ? DeathCause::startup : DeathCause::crash, 0, {});
  die(*cause_, status);
}

void FakeWorker::failToStart() { crash(Exited{1}); }

void FakeWorker::finishEnding() { die(*cause_, Exited{0}); }

void FakeWorker::refuseToGiveUp() {
  if (giveUp_) endForJob(giveUp_->cause);
}

void FakeWorker::endForJob(DeathCause cause) {
  const auto waiting = takeBackLast(heldJobs().size());
  end(cause, 0, {});
  if (!waiting.empty()) owner_.workerGaveBack(*this, waiting);
}

void FakeWorker::die(DeathCause cause, ExitStatus status) {
  DeathCertificate death;
  death.worker = number_;
  death.pid = 1;
  death.cause = cause;
  death.status = status;
  death.jobsServed = served_;
  if (const Held* const held = first()) {
    death.job = held->id;
    if (held->begunAt) death.begun = DeathCertificate::Begun::yes;
  }
  owner_.workerDied(*this, std::move(death));
}

Load FakeWorker::load() const {
  Load load{.state = state_, .given = served_};
  load.room = state_ == WorkerState::idle ||
              (state_ == WorkerState::busy && batches_.size() < 2 && !giveUp_);
  for (const Batch& batch : batches_) {
    load.held += batch.jobs.size();
    const bool unknown = load.expected == Duration::max() || batch.expected == Duration::max();
    load.expected = unknown ? Duration::max() : load.expected + batch.expected;
  }
  if (!batches_.empty()) load.next = batches_.front().expected;
  load.given += load.held;
  return load;
}

WorkerStatus FakeWorker::status() const {
  WorkerStatus status;
  status.number = number_;
  status.state = state_;
  return status;
}

std::uint32_t FakeWorker::find(FunctionName function) const {
  if (function.name == "unknown") throw UnknownFunction("there is no such function");
  return 0;
}

void FakeWorker::run(std::span<Outgoing> jobs, Duration expected) {
  Batch batch{.expected = expected, .jobs = {}};
  for (const Outgoing& job : jobs) {
    batch.jobs.push_back({job.job->id, world_.clock.now(), std::nullopt});
  }
  batches_.push_back(std::move(batch));
  state_ = WorkerState::busy;
  report();
}

std::vector<std::uint64_t> FakeWorker::heldJobs() const {
  std::vector<std::uint64_t> ids;
  for (const Batch& batch : batches_) {
    for (const Held& held : batch.jobs) ids.push_back(held.id);
  }
  return ids;
}

bool FakeWorker::jobBegun(std::uint64_t job) const {
  const Held* const held = find(job);
  return held != nullptr && held->begunAt;
}

std::optional<Duration> FakeWorker::startDelay(std::uint64_t job) const {
  const Held* const held = find(job);
  if (held == nullptr || !held->begunAt) return std::nullopt;
  return *held->begunAt - held->sentAt;
}

bool FakeWorker::takeBack(std::uint64_t job) {
  for (Batch& batch : batches_) {
    const auto taken = std::erase_if(
        batch.jobs, [job](const Held& held) { return held.id == job && !held.begunAt; });
    if (taken == 0) continue;
    report();
    return true;
  }
  return false;
}

void FakeWorker::giveUp(std::uint64_t job, DeathCause cause, std::string, std::uint64_t) {
  if (!giveUp_) giveUp_ = GiveUp{job, cause};
  report();
}

bool FakeWorker::timeOut(std::uint64_t job, std::string, IfReturned) {
  if (!jobBegun(job) || state_ != WorkerState::busy) return false;
  endForJob(DeathCause::timeout);
  return true;
}

std::vector<std::uint64_t> FakeWorker::takeBackLast(std::size_t most) {
  std::vector<std::uint64_t> taken;
  const auto held = heldJobs();
  for (auto id = held.rbegin(); id != held.rend() && taken.size() < most; ++id) {
    if (!takeBack(*id)) break;
    taken.push_back(*id);
  }
  std::reverse(taken.begin(), taken.end());
  return taken;
}

void FakeWorker::end(DeathCause cause, int, std::string) {
  if (!cause_) cause_ = cause;
  if (state_ == WorkerState::ending) return;
  state_ = WorkerState::ending;
  report();
}

}  // namespace phial::detail
