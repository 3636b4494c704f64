#include "master/cli/workload.h"

#include <phial/master/errors.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "master/cli/stress_interface.h"
#include "master/cli/stress_job.h"

namespace phial::inline v1::cli {
namespace {

constexpr Duration kPauseAfterFailedStart = std::chrono::milliseconds(50);

std::uint64_t inFlightFor(std::size_t workers) {
  return std::clamp<std::uint64_t>(4 * std::uint64_t{workers}, 16, 1000);
}

bool blamesADeath(const Failure& failure) {
  return failure.check<WorkerDied, JobTimedOut, ProtocolError, PoisonJob>() && !failure.isRemote();
}

}  // namespace

Workload::Workload(Reactor& reactor, ProcessPool& pool, const StressOptions& options,
                   std::function<void()> ended)
    : reactor_(reactor),
      pool_(pool),
      options_(options),
      mostInFlight_(inFlightFor(options.workers)),
      ended_(std::move(ended)),
      random_(options.seed) {}

Workload::~Workload() { pause_.cancel(); }

Deferred<void> Workload::tryFunction() {
  auto call = pool_.call(options_.function, options_.arguments);
  return std::move(call).addBoth([this, id = tally_.open()](Outcome<AnyValue> outcome) {
    if (outcome.ok()) {
      tally_.succeeded(id);
    } else if (const Failure& failure = outcome.failure(); failure.check<PoolStopped>()) {
      failed(id, failure);  // the run was interrupted
    } else {
      throw Error("the first call of " + options_.function + " failed: " + failure.message());
    }
  });
}

void Workload::finish() {
  finishing_ = true;
  pause_.cancel();
  fill();
}

bool Workload::mayBegin() const {
  return !finishing_ && !pause_.active() && tally_.inFlight() < mostInFlight_ &&
         (!options_.jobs || tally_.submitted() < *options_.jobs);
}

// A job of a pool that has ended has failed when submit() returns, and calls this again.
void Workload::fill() {
  if (filling_) return;
  filling_ = true;
  while (mayBegin()) submit();
  filling_ = false;
  const bool all = finishing_ || (options_.jobs && tally_.submitted() == *options_.jobs);
  if (all && tally_.inFlight() == 0 && ended_) std::exchange(ended_, nullptr)();
}

// Otherwise a pool that cannot start workers for a moment would fail all the jobs there are.
void Workload::fillLater() {
  if (pause_.active()) return;
  pause_ = reactor_.callLater(kPauseAfterFailedStart, [this] { fill(); });
}

void Workload::submit() {
  const std::uint64_t id = tally_.open();
  if (!options_.ownWorker()) return submitCall(id);
  const bool faulty = !options_.faults.empty() && random_() % options_.faultEvery == 0;
  if (faulty) return submitSabotage(id);
  options_.interface&& random_() % 2 == 0 ? submitMethod(id) : submitScramble(id);
}

// Most jobs are as they come; some ask for what the pool does at a death in another way.
JobOptions Workload::jobOptions() {
  constexpr Rerun kMixed[] = {Rerun::unlessBegun, Rerun::unlessBegun, Rerun::never, Rerun::always};
  return {.rerun = kMixed[random_() % std::size(kMixed)]};
}

void Workload::submitScramble(std::uint64_t id) {
  const std::uint64_t seed = random_();
  const auto pool = pool_.with(jobOptions());
  const bool warm = options_.origin == WorkerOrigin::fromTemplate;
  follow<std::uint64_t>(
      id, warm ? pool.deferToProcess<scrambleByTable>(seed) : pool.deferToProcess<scramble>(seed),
      [seed](const std::uint64_t& got) { return got == scramble(seed); });
}

void Workload::submitMethod(std::uint64_t id) {
  constexpr Deferred<CallEnd> (*kCalls[])(const Submitter&, std::uint64_t) = {
      callScramble, callScramble, callVisit, callOpen};
  const auto call = kCalls[random_() % std::size(kCalls)];
  follow<CallEnd>(id, call(pool_.with(jobOptions()), random_()), [this](const CallEnd& end) {
    if (end == CallEnd::broken) ++brokenObjects_;
    return end != CallEnd::wrong;
  });
}

void Workload::submitSabotage(std::uint64_t id) {
  const Fault fault = options_.faults[random_() % options_.faults.size()];
  if (livesOn(fault)) return submitMischief(id, fault);
  struct Returned {};
  follow<Returned>(
      id, pool_.deferToProcess<sabotage>(fault, random_()).addCallback([] { return Returned(); }),
      [](const Returned&) { return false; });
}

// It may cost its worker, which is explained then, but its result is never a wrong one.
void Workload::submitMischief(std::uint64_t id, Fault fault) {
  const std::uint64_t seed = random_();
  JobOptions options = jobOptions();
  options.onProgress = [](double, std::string_view) {};
  auto parcel = makeParcel(seed);
  auto deferred = pool_.with(std::move(options)).deferToProcess<play>(fault, seed, parcel);
  follow<Parcel>(id, std::move(deferred),
                 [parcel = std::move(parcel)](const Parcel& got) { return got == parcel; });
}

void Workload::submitCall(std::uint64_t id) {
  follow<AnyValue>(id, pool_.with(jobOptions()).call(options_.function, options_.arguments),
                   [](const AnyValue&) { return true; });
}

template <class T>
void Workload::follow(std::uint64_t id, Deferred<T> deferred, std::function<bool(const T&)> right) {
  auto job = std::move(deferred)
                 .addBoth([this, id, right = std::move(right)](Outcome<T> outcome) {
                   if (!outcome.ok()) {
                     failed(id, outcome.failure());
                   } else if (tally_.succeeded(id) && !right(outcome.value())) {
                     ++wrong_;
                   }
                 })
                 .addCallback([this] { fill(); });
  mayCancel(std::move(job));
}

// Soon enough to meet jobs that wait, travel, run, and have ended.
void Workload::mayCancel(Deferred<void> job) {
  constexpr std::int64_t kLatestMicroseconds = 2000;
  if (options_.cancelEvery == 0 || random_() % options_.cancelEvery != 0) return;
  std::uniform_int_distribution<std::int64_t> delay(0, kLatestMicroseconds);
  reactor_.callLater(std::chrono::microseconds(delay(random_)),
                     [job = std::make_shared<Deferred<void>>(std::move(job))] { job->cancel(); });
}

void Workload::failed(std::uint64_t id, const Failure& failure) {
  if (!tally_.failed(id, failure)) return;
  if (failure.check<StartupFailed>() && !failure.isRemote()) return fillLater();
  if (blamesADeath(failure)) {
    ++blamedOnDeaths_;
  } else if (options_.ownWorker() && !failure.check<PoolStopped, CancelledError>()) {
    ++unexplained_[unexplained_.size() < 16 ? causeOf(failure) : "other"];
  }
}

}  // namespace phial::inline v1::cli
