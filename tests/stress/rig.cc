#include "rig.h"

#include <event2/event.h>

#include <algorithm>
#include <filesystem>

#include "watchdog.h"

namespace matrix {
namespace {

using phial::WorkerState;
using std::chrono::milliseconds;

int eventsOf(phial::Reactor& reactor) {
  return event_base_get_num_events(reactor.base(), EVENT_BASE_COUNT_ADDED);
}

std::string text(const phial::PoolStats& s) {
  return std::to_string(s.queued) + " queued, " + std::to_string(s.running) + " running, " +
         std::to_string(s.succeeded) + " succeeded, " + std::to_string(s.failed) + " failed, " +
         std::to_string(s.rerun) + " run again; " + std::to_string(s.workers) +
         " workers: " + std::to_string(s.starting) + " starting, " + std::to_string(s.idle) +
         " idle, " + std::to_string(s.busy) + " busy; " + std::to_string(s.spawned) + " spawned, " +
         std::to_string(s.deaths) + " deaths, " + std::to_string(s.recycled) + " recycled";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

Rig::Rig(const Cell& cell, phial::PoolOptions options, std::string scratch, Complaints& complaints)
    : cell_(cell),
      expected_(expectationOf(cell.stage, cell.fault)),
      scratch_(std::move(scratch)),
      complaints_(complaints),
      log_(std::make_shared<DeathLog>()),
      eventsBefore_(eventsOf(reactor_)) {
  options.onLog = [log = log_](const phial::LogRecord& record) { log->add(record); };
  pool_ = std::make_unique<phial::ProcessPool>(reactor_, std::move(options), clock_);
}

Rig::~Rig() = default;

void Rig::runUntil(const std::string& what, const std::function<bool()>& condition) {
  while (!condition()) {
    tick(what);
    reactor_.callLater(milliseconds(1), [this] { reactor_.stop(); });
    reactor_.run();
  }
}

void Rig::tick(const std::string& what) {
  if (!pool_) return Watchdog::note(cell_.name() + ": waiting for " + what);
  const auto stats = pool_->stats();
  require(stats.balanced(), "the ledger is out of balance: " + text(stats));
  std::string note = cell_.name() + ": waiting for " + what + "; " + text(stats) +
                     "; again by: " + cell_.arguments();
  for (const auto& complaint : complaints_) note += "\n  so far: " + complaint;
  Watchdog::note(note);
  // Where a template hangs, workers that start may be waiting for it, or be healthy.
  if (timeMayPass()) clock_.advance(milliseconds(cell_.stage == Stage::idleTemplate ? 20 : 100));
}

bool Rig::timeMayPass() const {
  const auto workers = pool_->workers();
  return std::all_of(workers.begin(), workers.end(), [this](const phial::WorkerStatus& worker) {
    if (worker.state == WorkerState::idle) return true;
    if (cell_.stage == Stage::idleTemplate && worker.state == WorkerState::starting) {
      return expected_.hangs;
    }
    return expected_.hangs && std::filesystem::exists(markOf(scratch_, worker.pid));
  });
}

std::set<pid_t> Rig::met() const {
  const std::string prefix = markOf(scratch_, 0).substr(0, markOf(scratch_, 0).size() - 1);
  std::set<pid_t> pids;
  for (const auto& file : std::filesystem::directory_iterator(scratch_)) {
    const std::string path = file.path().string();
    if (path.starts_with(prefix)) pids.insert(std::stoi(path.substr(prefix.size())));
  }
  return pids;
}

void Rig::require(bool holds, const std::string& otherwise) {
  if (holds) return;
  const auto said = std::find(complaints_.begin(), complaints_.end(), otherwise);
  if (said == complaints_.end()) complaints_.push_back(otherwise);
}

void Rig::check(const phial::DeathCertificate& death) {
  const auto& endings = expected_.endings;
  const std::string ending = phial::describe(death.status);
  const std::string whole = " in: " + death.describe();
  const auto& causes = expected_.causes;
  require(std::count(causes.begin(), causes.end(), phial::causeName(death.cause)) == 1,
          "the certificate has another cause" + whole);
  require(death.phase == expected_.phase, "the certificate has another phase" + whole);
  require(std::count(endings.begin(), endings.end(), ending) == 1,
          "the certificate has another ending" + whole);
  require(met().count(death.pid) == 1, "the certificate is of an innocent worker" + whole);
}

// What the log says of a worker that has met its fault. False: nothing, as when many die in a
// second.
bool Rig::checkEnd(pid_t pid) {
  const auto records = log_->about(pid);
  require(records.size() <= 1, "the log has " + std::to_string(records.size()) +
                                   " ends of the worker with pid " + std::to_string(pid));
  for (const auto& record : records) {
    const bool ended = std::any_of(expected_.endings.begin(), expected_.endings.end(),
                                   [&](const auto& ending) { return contains(record, ending); });
    require(ended, "the log has another ending: " + record);
    const bool placed =
        contains(record, std::string("while ") + phial::phaseName(expected_.phase)) ||
        (cell_.stage == Stage::idle && contains(record, "before it took up job"));
    require(placed, "the log has another phase: " + record);
  }
  return !records.empty();
}

// A template that hangs is ended with the pool, which is no news.
void Rig::checkTemplates() {
  for (const pid_t pid : met()) {
    require(expected_.hangs || !log_->about(pid).empty(),
            "the log does not tell of the end of the template with pid " + std::to_string(pid));
  }
}

void Rig::beginStop() {
  stopping_ = true;
  pool_->stop().addBoth([this](phial::Outcome<void> outcome) {
    require(outcome.ok(), "stop() failed");
    stopped_ = true;
  });
}

void Rig::finish() {
  if (!stopping_) beginStop();
  runUntil("stop()", [this] { return stopped_; });
  const auto stats = pool_->stats();
  require(stats.balanced() && stats.workers == 0 && stats.queued + stats.running == 0,
          "something is left of a stopped pool: " + text(stats));
  pool_.reset();
  reactor_.callLater(phial::Duration::zero(), [this] { reactor_.stop(); });
  reactor_.run();
  // A template and its spare are killed with the pool, and reaped by the loop.
  if (isWarm(cell_.stage)) {
    runUntil("the template to be reaped", [this] { return eventsOf(reactor_) == eventsBefore_; });
  }
  require(clock_.pending() == 0, "a timer is left on the pool's clock");
  require(eventsOf(reactor_) == eventsBefore_, "an event is left in the loop");
  if (cell_.stage == Stage::idleTemplate) return checkTemplates();
  const auto workers = met();
  const auto unsaid = static_cast<std::uint64_t>(
      std::count_if(workers.begin(), workers.end(), [this](pid_t pid) { return !checkEnd(pid); }));
  require(unsaid <= log_->heldBack(), "the log does not tell of " + std::to_string(unsaid) +
                                          " ends, and says that it held back " +
                                          std::to_string(log_->heldBack()));
}

}  // namespace matrix
