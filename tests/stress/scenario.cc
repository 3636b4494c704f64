// How a cell is run: once for a fault in a job, twice for one that strikes before the first job.
#include <phial/master.h>
#include <phial/master/start_with.h>
#include <signal.h>

#include <algorithm>
#include <fstream>
#include <numeric>
#include <optional>

#include "cell.h"
#include "expectation.h"
#include "tests/support/scratch_folder.h"
#include "traces.h"
#include "worker.h"
#include "workload.h"

namespace matrix {
namespace {

using phial::PoolOptions;
using std::chrono::seconds;
using Fate = Workload::Fate;

WorkerPlan planFor(const Cell& cell, const ScratchFolder& scratch) {
  return {scratch.path(), {cell.stage, cell.fault, cell.seed}};
}

PoolOptions optionsFor(const Cell& cell, const WorkerPlan& plan) {
  return {.name = "matrix",
          .worker = plan.command(),
          .min = cell.workers,
          .max = cell.workers,
          .recycleAfter = cell.stage == Stage::recycle ? std::size_t{1} : 0,
          .timeoutSignal = SIGTERM,
          .grace = seconds(1),
          .startTimeout = seconds(5),
          // So that the large result, in whose middle the fault strikes, is in the pipe.
          .arenaBytes = cell.stage == Stage::deliver ? 0 : PoolOptions{}.arenaBytes,
          .warm = isWarm(cell.stage) ? phial::prepareWith<armTemplate>(plan.scratch, plan.fuse)
                                     : phial::WorkerPreparation()};
}

unsigned bystandersOf(const Cell& cell) { return 3 * cell.workers + 5; }
unsigned faultsOf(const Cell& cell, std::mt19937_64& random) {
  // A job that two workers do not take up fails, as startTimeout says.
  const bool unanswered = cell.stage == Stage::idle && expectationOf(cell.stage, cell.fault).hangs;
  return 1 + static_cast<unsigned>(random() % (unanswered ? 1 : std::min(cell.workers, 3U)));
}

// Some of the numbers from 1 to `limit`.
std::vector<unsigned> choose(unsigned count, unsigned limit, std::mt19937_64& random) {
  std::vector<unsigned> all(limit);
  std::iota(all.begin(), all.end(), 1U);
  std::vector<unsigned> chosen;
  std::sample(all.begin(), all.end(), std::back_inserter(chosen), count, random);
  return chosen;
}

// Starts the pool and submits the jobs: before the loop runs, or inside callbacks. Those of start()
// are `lanes`, the others follow one by one.
void begin(Rig& rig, Workload& work, const Cell& cell, std::size_t lanes,
           std::optional<bool>& started) {
  auto start = rig.pool().start();
  if (cell.from == From::outside) work.submitAll();
  std::move(start).addBoth([&, lanes](phial::Outcome<void> outcome) {
    started = outcome.ok();
    if (cell.from == From::callback) work.submit(lanes);
  });
}

// The pool serves as before: every worker is there, and a job for each of them succeeds.
void requireService(Rig& rig, const Cell& cell, std::mt19937_64& random) {
  Workload probes(rig, cell, {.bystanders = cell.workers}, Fate::succeed, random);
  probes.submitAll();
  rig.runUntil("jobs after the fault", [&] { return probes.done(); });
  probes.checkCounts();
}

void awaitAllIdle(Rig& rig, const Cell& cell) {
  rig.runUntil("all workers to be idle", [&] {
    const auto stats = rig.stats();
    return stats.idle == cell.workers && stats.workers == cell.workers;
  });
}

void requireEqual(Rig& rig, const char* what, std::uint64_t is, std::uint64_t expected) {
  rig.require(is == expected, std::string(what) + ": " + std::to_string(is) + ", expected " +
                                  std::to_string(expected));
}

// Some of the first workers do not get ready: others do their work.
void strikeSome(const Cell& cell, std::mt19937_64& random, Complaints& complaints) {
  const ScratchFolder scratch;
  WorkerPlan plan = planFor(cell, scratch);
  plan.struck = choose(faultsOf(cell, random), cell.workers, random);
  const auto faults = plan.struck.size();
  Rig rig(cell, optionsFor(cell, plan), scratch.path(), complaints);
  Workload work(rig, cell, {.bystanders = bystandersOf(cell)}, Fate::succeed, random);
  std::optional<bool> started;
  begin(rig, work, cell, cell.workers + 1, started);
  rig.runUntil("start() and all jobs", [&] { return started && work.done(); });
  rig.require(*started, "start() failed though only some workers did");
  rig.runUntil("the failed starts", [&] { return rig.stats().deaths >= faults; });
  awaitAllIdle(rig, cell);
  work.checkCounts();
  requireService(rig, cell, random);
  const auto stats = rig.stats();
  requireEqual(rig, "failed jobs", stats.failed, 0);
  requireEqual(rig, "jobs run again", stats.rerun, 0);
  requireEqual(rig, "deaths", stats.deaths, faults);
  requireEqual(rig, "workers spawned", stats.spawned, cell.workers + faults);
  rig.finish();
  requireEqual(rig, "workers that met the fault", rig.met().size(), faults);
}

// No worker gets ready: the jobs fail with the reason. When the cause has gone, the pool serves.
void strikeAll(const Cell& cell, std::mt19937_64& random, Complaints& complaints) {
  constexpr unsigned kMoreThanAreStarted = 200;
  const ScratchFolder scratch;
  WorkerPlan plan = planFor(cell, scratch);
  plan.struck = choose(kMoreThanAreStarted, kMoreThanAreStarted, random);
  Rig rig(cell, optionsFor(cell, plan), scratch.path(), complaints);
  Workload work(rig, cell, {.bystanders = bystandersOf(cell)}, Fate::failToStart, random);
  std::optional<bool> started;
  begin(rig, work, cell, work.size(), started);
  rig.runUntil("start() and all jobs to fail", [&] { return started && work.done(); });
  rig.require(!*started, "start() succeeded though no worker did");
  rig.runUntil("the last failed start", [&] { return rig.stats().workers == 0; });
  work.checkCounts();
  const auto spawned = rig.stats().spawned;
  // All but one of the row may fail before the round in which it gets full; jobs that are submitted
  // after that are tried once more. An outsider may have sent SIGKILL: it counts for a quarter.
  // Then the pool goes on trying, with one worker a second or, by jitter, half a second.
  const unsigned row = cell.fault == phial::cli::Fault::sigkill ? 20 : 5;
  const unsigned rounds = cell.from == From::callback ? 2 : 1;
  const auto tries = static_cast<unsigned>(rig.passed() / std::chrono::milliseconds(500));
  rig.require(spawned >= 5 && spawned < rounds * cell.workers + row + tries,
              "workers spawned though none gets ready: " + std::to_string(spawned));
  requireEqual(rig, "deaths", rig.stats().deaths, spawned);
  plan.relent();
  awaitAllIdle(rig, cell);
  requireService(rig, cell, random);
  awaitAllIdle(rig, cell);
  requireEqual(rig, "failed jobs", rig.stats().failed, work.size());
  requireEqual(rig, "deaths after the cause has gone", rig.stats().deaths, spawned);
  rig.finish();
}

// What the pool has counted when everything is over but stop().
void checkJobStats(Rig& rig, const Cell& cell, const Workload& work) {
  using Job = Expectation::Job;
  const auto stats = rig.stats();
  const bool jobsFail = rig.expected().job != Job::succeeds;
  const auto faults = work.traps();
  const bool recycling = cell.stage == Stage::recycle;
  requireEqual(rig, "failed jobs", stats.failed, jobsFail ? faults : 0);
  requireEqual(rig, "deaths", stats.deaths, isEnd(cell.stage) ? 0 : faults);
  requireEqual(rig, "recycled workers", stats.recycled, recycling ? stats.succeeded : 0);
  const auto replaced = stats.deaths + stats.recycled;
  requireEqual(rig, "workers spawned", stats.spawned, cell.workers + replaced);
  // On their way to a worker that dies before it has seen them: two batches at the most.
  rig.require(stats.rerun <= (cell.stage == Stage::idle ? faults * phial::kJobSlots : 0),
              "jobs run again: " + std::to_string(stats.rerun));
}

// Jobs take the fault into the workers.
void strikeJobs(const Cell& cell, std::mt19937_64& random, Complaints& complaints) {
  const ScratchFolder scratch;
  Rig rig(cell, optionsFor(cell, planFor(cell, scratch)), scratch.path(), complaints);
  Workload work(rig, cell, {.bystanders = bystandersOf(cell), .traps = faultsOf(cell, random)},
                Fate::succeed, random);
  const bool stopInCallback = cell.stage == Stage::stop && cell.from == From::callback;
  if (stopInCallback) work.whenDone([&] { rig.beginStop(); });
  std::optional<bool> started;
  begin(rig, work, cell, cell.workers + 1, started);
  rig.runUntil("start() and all jobs", [&] { return started && work.done(); });
  rig.require(*started, "start() failed");
  work.checkCounts();
  if (!stopInCallback) {
    // The fault of an idle worker that hangs is found by giving it a job.
    if (!isEnd(cell.stage)) requireService(rig, cell, random);
    rig.runUntil("the deaths",
                 [&] { return isEnd(cell.stage) || rig.stats().deaths >= work.traps(); });
    awaitAllIdle(rig, cell);
    requireService(rig, cell, random);
    awaitAllIdle(rig, cell);
    checkJobStats(rig, cell, work);
  }
  rig.finish();
  const auto faults = cell.stage == Stage::stop ? work.carriers().size() : work.traps();
  requireEqual(rig, "workers that met the fault", rig.met().size(), faults);
}

// The template meets the fault while the workers that it has forked live on. Then all of these are
// replaced, twice: a spare may have been forked before the fault.
void strikeTemplate(const Cell& cell, std::mt19937_64& random, Complaints& complaints) {
  constexpr int kReplacements = 2;
  const ScratchFolder scratch;
  Rig rig(cell, optionsFor(cell, planFor(cell, scratch)), scratch.path(), complaints);
  Workload work(rig, cell, {.bystanders = bystandersOf(cell)}, Fate::succeed, random);
  std::optional<bool> started;
  begin(rig, work, cell, cell.workers + 1, started);
  rig.runUntil("start()", [&] { return started.has_value(); });
  rig.require(*started, "start() failed");
  pid_t pid = 0;
  std::ifstream(templateFile(scratch.path())) >> pid;
  rig.require(pid > 0 && ::kill(pid, SIGUSR1) == 0, "there is no template");
  rig.runUntil("the template's fault", [&] { return rig.met().contains(pid); });
  rig.runUntil("all jobs", [&] { return work.done(); });
  work.checkCounts();
  for (int i = 0; i < kReplacements; ++i) {
    awaitAllIdle(rig, cell);
    rig.pool().killWorkers();
    requireService(rig, cell, random);
  }
  awaitAllIdle(rig, cell);
  requireEqual(rig, "failed jobs", rig.stats().failed, 0);
  rig.finish();
}

}  // namespace

Complaints runCell(const Cell& cell) {
  Complaints complaints;
  std::mt19937_64 random = cell.random();
  const Traces before = Traces::now();
  if (cell.stage == Stage::idleTemplate) {
    strikeTemplate(cell, random, complaints);
  } else if (isStart(cell.stage)) {
    strikeSome(cell, random, complaints);
    strikeAll(cell, random, complaints);
  } else {
    strikeJobs(cell, random, complaints);
  }
  const std::string left = before.addedIn(Traces::now());
  if (!left.empty()) complaints.push_back(left);
  return complaints;
}

}  // namespace matrix
