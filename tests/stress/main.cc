// The fault matrix: every fault at every point of a worker's life.

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <random>

#include "cell.h"
#include "expectation.h"
#include "table.h"
#include "traces.h"
#include "watchdog.h"
#include "worker.h"

namespace matrix {
namespace {

using phial::cli::Fault;

// The columns. `hang` would repeat `stop`, `grandchild` is of the tests of the pool.
constexpr std::array kFaults = {Fault::sigkill,   Fault::sigsegv,   Fault::abort,
                                Fault::exitZero,  Fault::exit,      Fault::stop,
                                Fault::oom,       Fault::halfFrame, Fault::garbage,
                                Fault::closePipe, Fault::ignoreTerm};

struct Options {
  std::vector<std::string> phases;
  std::vector<std::string> faults;
  std::vector<unsigned> workers = {1, 2, 5, 13};
  std::vector<std::string> from = {"outside", "callback"};
  std::uint64_t seed = std::random_device{}();
  unsigned secondsPerCell = 120;
};

void describe(CLI::App& app, Options& options) {
  CLI::Validator phase([](std::string& name) { return parseStage(name) ? "" : "no phase"; }, "");
  CLI::Validator fault(
      [](std::string& name) { return phial::cli::parseFault(name) ? "" : "no fault"; }, "");
  app.add_option("--phase", options.phases, "Where the fault strikes; all")
      ->delimiter(',')
      ->check(phase);
  app.add_option("--fault", options.faults, "What happens; all")->delimiter(',')->check(fault);
  app.add_option("--workers", options.workers, "Workers of the pool; 1,2,5,13")
      ->delimiter(',')
      ->check(CLI::Range(1, 64));
  app.add_option("--from", options.from, "Where jobs are submitted: outside,callback")
      ->delimiter(',')
      ->check(CLI::IsMember({"outside", "callback"}));
  app.add_option("--seed", options.seed, "Chooses the order of jobs and the workers; random");
  app.add_option("--cell-seconds", options.secondsPerCell,
                 "After so long a cell counts as hung, which ends the run; 120");
}

std::vector<Stage> stagesOf(const Options& options) {
  if (options.phases.empty()) return {kAllStages.begin(), kAllStages.end()};
  std::vector<Stage> stages;
  for (const auto& name : options.phases) stages.push_back(*parseStage(name));
  return stages;
}

std::vector<Fault> faultsOf(const Options& options) {
  if (options.faults.empty()) return {kFaults.begin(), kFaults.end()};
  std::vector<Fault> faults;
  for (const auto& name : options.faults) faults.push_back(*phial::cli::parseFault(name));
  return faults;
}

std::vector<Cell> cellsOf(const Options& options) {
  std::vector<Cell> cells;
  for (const Stage stage : stagesOf(options)) {
    for (const Fault fault : faultsOf(options)) {
      for (const unsigned workers : options.workers) {
        for (const auto& from : options.from) {
          const From where = from == "outside" ? From::outside : From::callback;
          cells.push_back({stage, fault, workers, where, options.seed});
        }
      }
    }
  }
  return cells;
}

void report(const Cell& cell, const Complaints& complaints, const char* program) {
  if (complaints.empty()) return;
  std::printf("FAIL %s\n  again by: %s %s\n", cell.name().c_str(), program,
              cell.arguments().c_str());
  for (const auto& complaint : complaints) std::printf("  %s\n", complaint.c_str());
  std::fflush(stdout);
}

// What a process maps and opens once, it has mapped and opened after this.
void warmUp(const Options& options) {
  const Watchdog watchdog(options.secondsPerCell);
  for (const Stage stage : {Stage::onStart, Stage::deliver}) {
    runCell({stage, Fault::sigkill, 2, From::outside, options.seed});
  }
}

int run(const Options& options, const char* program) {
  std::printf("seed %lu\n", options.seed);
  std::fflush(stdout);
  warmUp(options);
  const auto bytesBefore = anonymousBytes();
  const auto begin = std::chrono::steady_clock::now();
  Table table;
  for (const Cell& cell : cellsOf(options)) {
    if (!expectationOf(cell.stage, cell.fault).absent.empty()) {
      table.addAbsent(cell);
      continue;
    }
    const Watchdog watchdog(options.secondsPerCell);
    const Complaints complaints = runCell(cell);
    report(cell, complaints, program);
    table.add(cell, complaints);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf(
      "%s%u cells, %u failed, %.1f s; anonymous memory %+.1f MiB\n", table.text().c_str(),
      table.cells(), table.failures(), took.count(),
      (static_cast<double>(anonymousBytes()) - static_cast<double>(bytesBefore)) / (1 << 20));
  return table.failures() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace matrix

int main(int argc, char** argv) {
  matrix::serveIfMatrixWorker(argc, argv);
  matrix::Options options;
  CLI::App app{
      "Runs every fault at every point of a worker's life and says what the pool did wrong",
      "phial_matrix"};
  matrix::describe(app, options);
  CLI11_PARSE(app, argc, argv);
  return matrix::run(options, argv[0]);
}
