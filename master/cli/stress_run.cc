#include "master/cli/stress_run.h"

#include <phial/master/errors.h>
#include <phial/master/start_with.h>
#include <phial/protocol/saturating_time.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <utility>

#include "master/cli/stress_job.h"

namespace phial::inline v1::cli {
namespace {

constexpr Duration kTickInterval = std::chrono::milliseconds(50);
constexpr Duration kSampleInterval = std::chrono::seconds(1);
// Far above what any job may take: its timeout, twice the grace, and the waits before it.
constexpr Duration kStandstill = std::chrono::seconds(60);
constexpr Duration kGrace = std::chrono::milliseconds(500);
constexpr Duration kStopLimit = std::chrono::seconds(60);
constexpr std::size_t kMostTroubles = 8;

LogFunction logFor(PoolLog log) {
  if (log == PoolLog::none) return [](const LogRecord&) {};
  return logToStderr;
}

// SIGTERM at a timeout, so that a worker which ignores it has to be dealt with.
PoolOptions poolOptions(const StressOptions& options) {
  return {.name = "stress",
          .worker = options.worker,
          .min = options.workers,
          .max = options.workers,
          .recycleAfter = options.recycleAfter,
          .timeout = options.timeout,
          .timeoutSignal = SIGTERM,
          .grace = kGrace,
          .warm = options.origin == WorkerOrigin::fromTemplate ? prepareWith<loadTable>()
                                                               : WorkerPreparation(),
          .onLog = logFor(options.log)};
}

Killer::Plan killerPlan(const StressOptions& options) {
  std::vector<int> signals;
  if (!options.ownWorker()) {
    for (const Fault fault : options.faults) signals.push_back(signalOf(fault).value());
  }
  if (signals.empty()) signals.push_back(SIGKILL);
  // Another sequence than the workload's, from the same seed.
  const bool warm = options.origin == WorkerOrigin::fromTemplate;
  return {options.killEvery, std::move(signals), ~options.seed, warm ? "stress/template" : ""};
}

double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

}  // namespace

StressRun::StressRun(Reactor& reactor, const StressOptions& options)
    : reactor_(reactor),
      options_(options),
      pool_(std::make_unique<ProcessPool>(reactor, poolOptions(options))),
      workload_(reactor, *pool_, options, [this] { end(Report::End::done); }),
      killer_(reactor, *pool_, killerPlan(options),
              [this](std::uint64_t worker, int signal) {
                if (signal != SIGSTOP) meter_->killed(worker);
              }),
      meter_(std::make_shared<RestartMeter>(reactor, options.workers)),
      watch_(reactor, {.metrics = options.metrics, .trace = options.trace},
             [this](const std::string& text) { trouble(Failure(Error(text))); }),
      ticks_(reactor, [this] { tick(); }) {
  observation_ = pool_->observe(meter_);
  watch_.begin(*pool_);
}

StressRun::~StressRun() {
  // What is still open is failed from there, into the workload.
  pool_.reset();
}

Deferred<void> StressRun::run() {
  co_await prepare();
  if (!interrupted_) {
    begin();
    co_await std::move(over_.deferred);
  }
  co_await stop();
}

// A pool that is interrupted while it starts has not failed to.
Deferred<void> StressRun::prepare() {
  try {
    co_await pool_->start();
    if (!options_.ownWorker()) co_await workload_.tryFunction();
  } catch (const StartupFailed& failure) {
    throw Error("the workers cannot be started: " + failure.certificate().summary());
  } catch (const PoolStopped&) {
    if (!interrupted_) throw;
  }
}

void StressRun::begin() {
  begun_ = lastSettlement_.at = reactor_.now();
  nextDisplay_ = begun_ + display_.interval();
  ticks_.start(kTickInterval);
  if (options_.killEvery > Duration::zero()) killer_.begin();
  workload_.begin();
}

void StressRun::end(Report::End how) {
  if (end_) return;
  end_ = how;
  workload_.finish();
  over_.resolver.callback();
}

void StressRun::interrupt() {
  const bool again = std::exchange(interrupted_, true);
  end(Report::End::interrupted);
  if (begun_ == TimePoint() || again) pool_->stop({.within = Duration::zero()});
}

Deferred<void> StressRun::stop() {
  killer_.stop();
  if (begun_ != TimePoint()) sample();
  took_ = begun_ == TimePoint() ? 0 : seconds();
  ticks_.stop();
  auto stopped = pool_->stop({.within = end_ == Report::End::stalled ? Duration::zero() : kGrace})
                     .addTimeout(kStopLimit, reactor_)
                     .addErrback([this](const Failure& failure) { trouble(failure); });
  co_await std::move(stopped);
  stats_ = pool_->stats();
  co_await watch_.finish();
}

void StressRun::trouble(const Failure& failure) {
  if (failure.check<AlreadyCalledError>()) return workload_.tally().settledAgain();
  if (troubles_.size() == kMostTroubles) return;
  troubles_.push_back(failure.type() + ": " + failure.message());
}

void StressRun::tick() {
  watchTime();
  watchProgress();
  const TimePoint now = reactor_.now();
  if (now >= nextSample_) {
    nextSample_ = now + kSampleInterval;
    sample();
  }
  if (now < nextDisplay_) return;
  nextDisplay_ = now + display_.interval();
  std::fputs(display_.next(progress()).c_str(), stderr);
}

void StressRun::watchTime() {
  if (options_.duration && reactor_.now() - begun_ >= *options_.duration) workload_.finish();
}

void StressRun::watchProgress() {
  const auto settled = workload_.tally().settled();
  if (settled != std::exchange(lastSettlement_.jobs, settled)) lastSettlement_.at = reactor_.now();
  const Duration limit =
      detail::saturatingAdd(kStandstill, detail::saturatingMultiply(options_.timeout, 2));
  if (reactor_.now() - lastSettlement_.at > limit) end(Report::End::stalled);
}

double StressRun::seconds() const {
  return std::chrono::duration<double>(reactor_.now() - begun_).count();
}

Progress StressRun::progress() const {
  const PoolStats stats = pool_->stats();
  return {.seconds = seconds(),
          .settled = workload_.tally().settled(),
          .jobs = options_.jobs,
          .failed = workload_.tally().failed(),
          .workers = stats.workers,
          .starting = stats.starting,
          .idle = stats.idle,
          .busy = stats.busy,
          .restarts = meter_->restarts(),
          .restartMsP50 = milliseconds(meter_->times().quantile(0.5)),
          .restartMsP99 = milliseconds(meter_->times().quantile(0.99)),
          .footprint = footprint()};
}

void StressRun::sample() {
  countChildren();  // reaps what workers have left behind
  const Progress now = progress();
  series_.add({.seconds = now.seconds,
               .settled = now.settled,
               .rssBytes = now.footprint.rssBytes,
               .descriptors = now.footprint.descriptors,
               .workers = now.workers});
}

void StressRun::reportTo(Report& report) const {
  const Tally& tally = workload_.tally();
  report.submitted = tally.submitted();
  report.succeeded = tally.succeeded();
  report.failed = tally.failed();
  report.cancelled = tally.cancelled();
  report.lost = tally.inFlight();
  report.settledTwice = tally.settledTwice();
  report.wrong = workload_.wrongResults();
  report.brokenObjects = workload_.brokenObjects();
  report.failedByCause = tally.failedByCause();
  report.unexplained = workload_.unexplained();
  report.blamedOnDeaths = workload_.blamedOnDeaths();
  report.pool = stats_;
  report.restarts = meter_->restarts();
  report.restartMsP50 = milliseconds(meter_->times().quantile(0.5));
  report.restartMsP99 = milliseconds(meter_->times().quantile(0.99));
  report.restartMsMax = milliseconds(meter_->times().max());
  report.signalsSent = killer_.signalsSent();
  report.series = series_;
  report.seconds = took_;
  report.seed = options_.seed;
  report.end = end_.value_or(Report::End::done);
  report.troubles = troubles_;
}

}  // namespace phial::inline v1::cli
