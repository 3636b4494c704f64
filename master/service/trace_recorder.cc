#include "master/service/trace_recorder.h"

#include <phial/master/log.h>

#include <algorithm>
#include <span>

namespace phial::inline v1 {
namespace {

constexpr std::size_t kTextBytes = std::size_t{64} << 10;
constexpr Duration kMostGathering = std::chrono::milliseconds(100);
constexpr Duration kWindow = std::chrono::milliseconds(10);
constexpr std::uint64_t kWindowsPerSecond = 100;

}  // namespace

class TraceFile::Recorder::PoolTracer final : public BatchObserver {
 public:
  PoolTracer(const std::shared_ptr<Recorder>& recorder, std::uint64_t pool)
      : recorder_(recorder), pool_(pool) {}

  bool wants(JobEvent::Kind kind) const override { return kind == JobEvent::Kind::settled; }
  bool wantsTimings() const override { return true; }
  void jobEvents(std::span<const JobEvent> events) override {
    const auto recorder = recorder_.lock();
    if (!recorder) return;
    for (const JobEvent& event : events) {
      if (event.kind == JobEvent::Kind::settled) recorder->job(pool_, event);
    }
    recorder->batchEnd();
  }
  void workerSpawned(const WorkerStatus& worker) override {
    if (const auto recorder = recorder_.lock()) recorder->workerSpawned(pool_, worker.number);
  }
  void workerDied(const DeathCertificate& death) override {
    if (const auto recorder = recorder_.lock()) recorder->workerDied(pool_, death);
  }
  void poolEnded(const PoolStats&) override {
    if (const auto recorder = recorder_.lock()) recorder->poolEnded(pool_);
  }

 private:
  const std::weak_ptr<Recorder> recorder_;
  const std::uint64_t pool_;
};

TraceFile::Recorder::Recorder(Reactor& reactor, TraceFileOptions options)
    : reactor_(reactor),
      options_(std::move(options)),
      writer_(std::make_unique<detail::TraceWriter>(
          reactor, options_.path, options_.maxFiles,
          detail::TraceWriter::Reports{.lost = [this](std::uint64_t jobs) { lost(jobs); },
                                       .failed = [this](const std::string& text) { failed(text); },
                                       .reached = [this](std::uint64_t mark) { reached(mark); }})) {
}

void TraceFile::Recorder::stop() {
  const auto self = shared_from_this();
  handOver();
  pools_.clear();
  writer_.reset();
  while (!flushes_.empty()) reached(flushes_.begin()->first);
}

void TraceFile::Recorder::add(std::string name, Pool& pool) {
  for (const std::uint64_t ended : std::exchange(ended_, {})) pools_.erase(ended);
  auto observation = pool.observe(std::make_shared<PoolTracer>(shared_from_this(), lastPool_ + 1));
  TracedPool& traced = pools_[++lastPool_];
  traced.name = std::move(name);
  traced.observation = std::move(observation);
  detail::appendPoolName(events_, lastPool_, traced.name);
  gathered();
}

Deferred<void> TraceFile::Recorder::flush() {
  handOver();
  auto made = newDeferred<void>();
  flushes_.emplace(++lastMark_, std::move(made.resolver));
  writer_->mark(lastMark_);
  return std::move(made.deferred);
}

void TraceFile::Recorder::job(std::uint64_t pool, const JobEvent& event) {
  if (!writer_) return;
  ++jobs_;
  if (!admit(event.times.settled.value_or(event.times.queued))) {
    ++jobsLeftOut_;
    ++leftOutUnsaid_;
    return;
  }
  noteLeftOut();
  if (event.worker != 0) nameRow(pool, event.worker);
  detail::appendJob(events_, pool, event);
  ++jobsInEvents_;
}

// The first jobs of each window.
bool TraceFile::Recorder::admit(TimePoint at) {
  if (at >= windowEnd_) {
    windowEnd_ = at + kWindow;
    jobsInWindow_ = 0;
  }
  return ++jobsInWindow_ <=
         std::max<std::uint64_t>(options_.maxJobsPerSecond / kWindowsPerSecond, 1);
}

void TraceFile::Recorder::noteLeftOut() {
  if (leftOutUnsaid_ == 0) return;
  const std::string name = std::to_string(std::exchange(leftOutUnsaid_, 0)) + " jobs left out";
  detail::appendMark(events_, {pools_.empty() ? 1 : pools_.begin()->first, 0}, reactor_.now(), name,
                     "more than " + std::to_string(options_.maxJobsPerSecond) +
                         " jobs a second, or a disk that is slow or failing");
}

// A row is named once. Jobs of a worker may settle after its death; it has been named then.
void TraceFile::Recorder::nameRow(std::uint64_t pool, std::uint64_t worker) {
  const auto traced = pools_.find(pool);
  if (traced == pools_.end()) return;
  if (worker <= traced->second.lastDead && !traced->second.workers.contains(worker)) return;
  if (traced->second.workers.insert(worker).second) {
    detail::appendRowName(events_, {pool, worker});
  }
}

void TraceFile::Recorder::workerSpawned(std::uint64_t pool, std::uint64_t worker) {
  nameRow(pool, worker);
  detail::appendMark(events_, {pool, worker}, reactor_.now(), "started", {});
  gathered();
}

void TraceFile::Recorder::workerDied(std::uint64_t pool, const DeathCertificate& death) {
  nameRow(pool, death.worker);
  const std::string name = std::string("died: ") + causeName(death.cause);
  detail::appendMark(events_, {pool, death.worker}, reactor_.now(), name, death.summary());
  if (const auto traced = pools_.find(pool); traced != pools_.end()) {
    traced->second.workers.erase(death.worker);
    traced->second.lastDead = std::max(traced->second.lastDead, death.worker);
  }
  gathered();
}

void TraceFile::Recorder::gathered() {
  if (events_.size() >= kTextBytes) return handOver();
  if (!writer_ || events_.empty() || timer_.active()) return;
  timer_ = reactor_.callLater(kMostGathering, [this] { handOver(); });
}

void TraceFile::Recorder::handOver() {
  timer_.cancel();
  noteLeftOut();
  if (events_.empty() || !writer_) return;
  detail::TraceWriter::Text text;
  text.jobs = std::exchange(jobsInEvents_, 0);
  text.events = std::exchange(events_, {});
  if (fileBytes_ == 0 || fileBytes_ + text.events.size() > options_.maxFileBytes) {
    text.header = header();
    fileBytes_ = text.header.size();
  }
  fileBytes_ += text.events.size();
  const std::uint64_t jobs = text.jobs;
  if (writer_->write(std::move(text))) return;
  fileBytes_ = 0;  // a header may have been lost
  lost(jobs);
}

// The file's own mark, and the names of all that lives.
std::string TraceFile::Recorder::header() const {
  std::string events;
  detail::appendMark(events, {lastPool_, 0}, reactor_.now(), "the file begins", {});
  for (const auto& [number, pool] : pools_) {
    detail::appendPoolName(events, number, pool.name);
    for (const std::uint64_t worker : pool.workers) {
      detail::appendRowName(events, {number, worker});
    }
  }
  events.front() = '[';  // in place of a comma
  return events;
}

void TraceFile::Recorder::lost(std::uint64_t jobs) {
  jobsLeftOut_ += jobs;
  leftOutUnsaid_ += jobs;
}

void TraceFile::Recorder::failed(const std::string& text) const {
  // It may destroy this object.
  if (const auto onError = options_.onError) return onError(text);
  writeLog({.level = LogLevel::warning, .text = text});
}

void TraceFile::Recorder::reached(std::uint64_t mark) {
  auto flush = flushes_.extract(mark);
  if (!flush.empty() && !flush.mapped().called()) flush.mapped().callback();
}

}  // namespace phial::inline v1
