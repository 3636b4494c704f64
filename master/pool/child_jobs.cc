#include "master/pool/child_jobs.h"

#include <phial/master/errors.h>

#include <algorithm>
#include <string>
#include <utility>

#include "master/pool/child_job.h"
#include "master/pool/pool_core.h"

namespace phial::inline v1::detail {

ChildJobs::ChildJobs(PoolCore& core, const PoolContext& context, JobBooks& books, Crew& crew,
                     Dispatcher& dispatcher)
    : core_(core), context_(context), books_(books), crew_(crew), dispatcher_(dispatcher) {
  books_.setKin(*this);
}

ChildJobs::Family& ChildJobs::familyOf(JobEntry& parent, const PoolWorker& worker) {
  parent.state->kin = true;
  Family& family = families_[parent.id()];
  family.worker = worker.number();
  return family;
}

void ChildJobs::submit(const PoolWorker& worker, const std::shared_ptr<ChildCall>& call) {
  JobEntry* const parent = books_.find(call->job);
  if (parent == nullptr || parent->worker() != &worker || !worker.jobBegun(call->job)) {
    return call->fail(Failure(CancelledError("the job that made the call has ended")));
  }
  Family& family = familyOf(*parent, worker);
  if (family.children.contains(call->number)) {
    return call->fail(Failure(EncodingError("a call of this number is under way")));
  }
  const JobOptions& inherited = parent->job->options();
  const Ref options(new CallOptions(
      MapOptions{.job = {.deadline = inherited.deadline, .priority = inherited.priority}}));
  const std::uint32_t depth = parent->placement().depth + 1;
  Ref<Job> job(new ChildJob(core_.newTicket(), options, call));
  const std::uint64_t id = job->id;
  births_.emplace(id, Birth{call->job, call->number});
  auto deferred = Access::wrap<void>(Chain::pending(Ref<Source>(job)));
  family.children.emplace(call->number, Child{deferred.handle()});
  std::move(deferred).addBoth(
      [this, id, call](const Outcome<void>& outcome) { delivered(id, *call, outcome); });
  core_.submitTo(std::move(job), {.at = Placement::At::child, .depth = depth});
}

// Cancelling comes back as delivered().
void ChildJobs::tookBack(std::uint64_t job, std::uint64_t number) {
  const auto family = families_.find(job);
  if (family == families_.end()) return;
  const auto child = family->second.children.find(number);
  if (child == family->second.children.end()) return;
  const DeferredHandle handle = child->second.handle;
  handle.cancel();
  context_.pending.finishSoon();
}

void ChildJobs::waits(PoolWorker& worker, const JobWait* wait) {
  context_.pending.finishSoon();
  if (wait == nullptr) {
    const auto waiting = waits_.find(worker.number());
    if (waiting == waits_.end()) return;
    families_.at(waiting->second).wait.reset();
    return takeBack(worker.number());
  }
  JobEntry* const parent = books_.find(wait->job);
  if (parent == nullptr || parent->worker() != &worker || !worker.jobBegun(wait->job)) {
    return worker.endWait(JobWaitEnd::cancelled, {});
  }
  Family& family = familyOf(*parent, worker);
  family.wait = *wait;
  if (wait->calls.empty()) return lend(worker.number(), WaitsFor::parent, wait->job);
  if (!anyLeft(family)) return endWait(family);
  if (!anyRuns(family)) return;  // it is about to be answered
  const std::size_t most = context_.options.maxWaiting;
  if (crew_.roster().waitingForChildren() >= most) {
    family.wait.reset();
    return worker.endWait(JobWaitEnd::tooMany, "as many jobs of pool " + context_.options.name +
                                                   " wait for jobs that they have called as may: " +
                                                   std::to_string(most) +
                                                   " (PoolOptions::maxWaiting)");
  }
  lend(worker.number(), WaitsFor::children, wait->job);
}

// Whether what the parent waits for is still to be delivered: all of it, and no failure before.
bool ChildJobs::anyLeft(const Family& family) {
  return std::ranges::any_of(
      family.wait->calls, [&](std::uint64_t number) { return family.children.contains(number); });
}

// Whether it waits for a child to end.
bool ChildJobs::anyRuns(const Family& family) {
  bool any = false;
  for (const std::uint64_t number : family.wait->calls) {
    const auto child = family.children.find(number);
    if (child == family.children.end()) continue;
    if (child->second.failed) return false;
    any = any || !child->second.ended;
  }
  return any;
}

void ChildJobs::endWait(Family& family) {
  family.wait.reset();
  takeBack(family.worker);
  Seat* const seat = crew_.roster().find(family.worker);
  if (seat != nullptr) seat->worker->endWait(JobWaitEnd::answered, {});
}

// A worker that waits holds nothing that somebody else could run.
void ChildJobs::lend(std::uint64_t worker, WaitsFor what, std::uint64_t job) {
  Seat* const seat = crew_.roster().find(worker);
  if (seat == nullptr) return;
  waits_[worker] = job;
  crew_.staffing().noteWaits(*seat, what);
  dispatcher_.sendBack(seat->worker->takeBackLast(seat->load.held));
}

// The place that was lent is the worker's again.
void ChildJobs::takeBack(std::uint64_t worker) {
  waits_.erase(worker);
  Seat* const seat = crew_.roster().find(worker);
  if (seat != nullptr) crew_.staffing().noteWaits(*seat, WaitsFor::nothing);
}

void ChildJobs::ended(JobEntry& entry, bool succeeded) {
  const std::uint64_t id = entry.id();
  const auto birth = births_.find(id);
  if (birth != births_.end()) {
    const auto found = families_.find(birth->second.parent);
    if (found != families_.end()) {
      Family& family = found->second;
      const auto child = family.children.find(birth->second.number);
      if (child != family.children.end()) {
        child->second.ended = true;
        child->second.failed = !succeeded;
      }
      // The place is the parent's again before anybody else can have it.
      const bool waits = family.wait && !family.wait->calls.empty();
      if (waits && !anyRuns(family)) takeBack(family.worker);
    }
  }
  orphan(id);
}

void ChildJobs::leftWorker(JobEntry& entry) { orphan(entry.id()); }

void ChildJobs::orphan(std::uint64_t parent) {
  const auto family = families_.extract(parent);
  if (!family) return;
  for (const auto& [number, child] : family.mapped().children) orphans_.push_back(child.handle);
  const auto waiting = waits_.find(family.mapped().worker);
  if (waiting == waits_.end() || waiting->second != parent) return;
  takeBack(family.mapped().worker);
}

void ChildJobs::cancelOrphans() {
  while (!orphans_.empty()) {
    for (const auto& handle : std::exchange(orphans_, {})) handle.cancel();
  }
}

void ChildJobs::delivered(std::uint64_t child, ChildCall& call, const Outcome<void>& outcome) {
  const Birth birth = births_.extract(child).mapped();
  if (outcome.ok()) {
    call.succeed();
  } else {
    call.fail(outcome.failure());
  }
  const auto found = families_.find(birth.parent);
  if (found == families_.end()) return;
  Family& family = found->second;
  family.children.erase(birth.number);
  if (!family.wait || family.wait->calls.empty()) return;
  const bool waitedFor =
      std::ranges::find(family.wait->calls, birth.number) != family.wait->calls.end();
  if (waitedFor && (!outcome.ok() || !anyLeft(family))) endWait(family);
}

}  // namespace phial::inline v1::detail
