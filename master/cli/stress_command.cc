#include "master/cli/stress_command.h"

#include <memory>
#include <random>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>

namespace phial::inline v1::cli {
namespace {

constexpr const char* kAbout =
    "Runs jobs on a pool of worker processes while they are killed and sabotaged, and proves that\n"
    "nothing was lost: every job handed in comes back exactly once, with its result or with the\n"
    "reason why there is none, and no process and no descriptor is left at the end.\n";

constexpr const char* kMore = R"(
Faults (--faults, or "all"):
%FAULTS%
Jobs return from those from progress-flood on, as from any other job: what they leave behind must
harm nobody else.

Examples:
  phial stress
      100,000 jobs; some worker dies of SIGKILL about every 20 ms.
  phial stress --workers 8 --jobs 1000000 --kill-every 10ms --recycle-after 1
      A long soak in which no worker serves twice.
  phial stress --faults all --fault-every 20 --timeout 200ms --duration 1m --json
      Every way to go wrong for a minute; the report for a program.
  phial stress --faults fork-return,alarm,close-fd,heed --fault-every 3 --cancel-every 10
      Jobs that use, and misuse, their worker; one in ten is cancelled meanwhile.
  phial stress --warm --kill-every 5ms --duration 1m
      Workers that are forked from a template, which dies too.
  phial stress --interface --warm --kill-every 5ms --cancel-every 20
      Calls on an interface, objects that die with their worker, calls back into the master.
  phial stress --duration 10s --kill-every 20ms --function factor --args '[360]' \
               --worker ./my_worker --its-own-option
      The same for a worker of yours: its function "factor" is called with 360.

The report's equation is submitted = succeeded + failed + cancelled + lost. A job that was running
when its worker died has failed, and says so; one that is lost has said nothing, and there must be
none. While it runs, a line or a table on stderr tells how far it is. Ctrl-C ends the run in order
and reports what happened until then.

Exit status: 0 the ledger balances and nothing leaked; 1 it does not, or the workers cannot be
started (stderr says what); 2 the command line is wrong.)";

struct Texts {
  std::string duration;
  std::string killEvery;
  std::string faults;
  std::string timeout = "1s";
  std::string arguments;
  std::optional<std::uint64_t> jobs;
  std::optional<std::uint64_t> seed;
  bool warm = false;
  bool interface = false;
  bool json = false;
  bool verbose = false;
};

std::string footer() {
  std::ostringstream list;
  for (const Fault fault : kAllFaults) {
    list << "  " << std::left;
    list.width(16);
    list << faultName(fault) << faultEffect(fault) << '\n';
  }
  std::string text = kMore;
  const std::string place = "%FAULTS%";
  return text.replace(text.find(place), place.size(), list.str());
}

[[noreturn]] void refuse(const std::string& option, const std::string& what) {
  throw CLI::ValidationError(option, what);
}

template <class Parse>
auto parseOr(const char* option, Parse parse) {
  try {
    return parse();
  } catch (const std::invalid_argument& error) {
    refuse(option, error.what());
  }
}

std::vector<Fault> parseFaults(const std::string& text) {
  if (text == "all") return {kAllFaults.begin(), kAllFaults.end()};
  std::vector<Fault> faults;
  std::istringstream names(text);
  for (std::string name; std::getline(names, name, ',');) {
    const auto fault = parseFault(name);
    if (!fault) refuse("--faults", "there is no fault \"" + name + "\", only " + faultNames());
    faults.push_back(*fault);
  }
  return faults;
}

Duration killEvery(const Texts& texts, const StressOptions& options) {
  constexpr Duration kDefault = std::chrono::milliseconds(20);
  if (texts.killEvery.empty()) {
    return options.ownWorker() && !options.faults.empty() ? Duration::zero() : kDefault;
  }
  const auto every = parseOr("--kill-every", [&] { return parseDuration(texts.killEvery); });
  if (every != Duration::zero() && every < std::chrono::milliseconds(1)) {
    refuse("--kill-every", "at least 1ms, or 0 for never");
  }
  return every;
}

void readAmount(const Texts& texts, StressOptions& options) {
  constexpr std::uint64_t kDefaultJobs = 100'000;
  if (!texts.duration.empty()) {
    options.duration = parseOr("--duration", [&] { return parseDuration(texts.duration); });
    if (*options.duration == Duration::zero()) refuse("--duration", "must be more than 0");
  }
  options.jobs = texts.jobs;
  if (!options.jobs && !options.duration) options.jobs = kDefaultJobs;
}

void readForeignWorker(const Texts& texts, StressOptions& options) {
  if (texts.warm && !options.ownWorker()) refuse("--warm", "is for the command's own workers");
  if (texts.interface && !options.ownWorker()) {
    refuse("--interface", "is for the command's own workers");
  }
  if (options.ownWorker()) {
    if (!options.function.empty()) refuse("--function", "needs --worker");
    if (!texts.arguments.empty()) refuse("--args", "needs --worker");
    return;
  }
  if (options.function.empty()) refuse("--worker", "needs --function, the name of what to call");
  if (!texts.arguments.empty()) {
    options.arguments = parseOr("--args", [&] { return parseList(texts.arguments); });
  }
  for (const Fault fault : options.faults) {
    if (signalOf(fault)) continue;
    refuse("--faults", std::string(faultName(fault)) +
                           " needs a worker that plays along; with --worker there are sigkill, "
                           "sigsegv, abort and stop");
  }
  if (!options.faults.empty() && options.killEvery == Duration::zero()) {
    refuse("--faults", "with --worker they are signals, and --kill-every 0 sends none");
  }
}

StressOptions read(const Texts& texts, StressOptions options) {
  options.faults = parseFaults(texts.faults);
  options.killEvery = killEvery(texts, options);
  options.timeout = parseOr("--timeout", [&] { return parseDuration(texts.timeout); });
  if (options.timeout == Duration::zero()) refuse("--timeout", "must be more than 0");
  readAmount(texts, options);
  readForeignWorker(texts, options);
  options.origin = texts.warm ? WorkerOrigin::fromTemplate : WorkerOrigin::spawned;
  options.interface = texts.interface;
  options.seed = texts.seed ? *texts.seed : std::random_device{}();
  if (texts.json && options.metrics == "-") refuse("--metrics", "- is where --json goes");
  options.format = texts.json ? ReportFormat::json : ReportFormat::text;
  options.log = texts.verbose ? PoolLog::toStderr : PoolLog::none;
  return options;
}

void addAmount(CLI::App& app, StressOptions& options, Texts& texts) {
  app.add_option("--workers", options.workers, "Worker processes")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_option("--jobs", texts.jobs, "Jobs in all (default 100000; with --duration no limit)")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000'000}));
  app.add_option("--duration", texts.duration, "Time after which no more jobs are submitted")
      ->type_name("TIME");
  app.add_option("--recycle-after", options.recycleAfter,
                 "Jobs after which a worker is replaced (default 0: never)")
      ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{1'000'000'000}));
  app.add_flag("--warm", texts.warm,
               "Fork the workers from a template that has loaded a table. One signal in fifty\n"
               "ends the template");
  app.add_flag("--interface", texts.interface,
               "Make half of the jobs calls on a Cap'n Proto interface that the workers export:\n"
               "plain ones, some that call an object of the master's, some that give an object");
}

void addTrouble(CLI::App& app, StressOptions& options, Texts& texts) {
  app.add_option("--kill-every", texts.killEvery,
                 "Mean time between two SIGKILLs to a random worker from outside, 0 for never\n"
                 "(default 20ms; 0 with --faults)")
      ->type_name("TIME");
  app.add_option("--faults", texts.faults,
                 "What jobs do to their workers, separated by commas, or all; see below")
      ->type_name("LIST");
  app.add_option("--fault-every", options.faultEvery, "One job in so many inflicts a fault")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}))
      ->capture_default_str();
  app.add_option("--cancel-every", options.cancelEvery,
                 "One job in so many is cancelled by its caller (default 0: none)")
      ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{1'000'000'000}));
  app.add_option("--timeout", texts.timeout,
                 "Running time of a job, after which its worker is ended")
      ->type_name("TIME")
      ->capture_default_str();
  app.add_option("--seed", texts.seed, "Of all that is random (default: another one each time)");
}

void addForeignWorker(CLI::App& app, StressOptions& options, Texts& texts) {
  app.add_option("--function", options.function, "With --worker: the function to call, by name")
      ->type_name("NAME");
  app.add_option("--args", texts.arguments, "With --worker: its arguments, as a JSON list")
      ->type_name("[...]");
  // The words behind it never get here; see workerWords() in main.cc.
  app.add_option("--worker", options.worker,
                 "Stress this worker program instead; takes the rest of the line. --faults are\n"
                 "signals then: sigkill (the default), sigsegv, abort, stop")
      ->type_name("CMD");
}

}  // namespace

void addStress(CLI::App& command, std::vector<std::string> worker,
               std::function<void(const StressOptions&)> run) {
  auto options = std::make_shared<StressOptions>();
  auto texts = std::make_shared<Texts>();
  options->workers = std::max(1U, std::thread::hardware_concurrency());
  CLI::App* app = command.add_subcommand("stress", kAbout);
  addAmount(*app, *options, *texts);
  addTrouble(*app, *options, *texts);
  addForeignWorker(*app, *options, *texts);
  app->add_option("--metrics", options->metrics,
                  "Write the pool's metrics to this file at the end, for Prometheus; - for stdout")
      ->type_name("FILE");
  app->add_option("--trace", options->trace, "Write a trace to this file, for ui.perfetto.dev")
      ->type_name("FILE");
  app->add_flag("--json", texts->json, "Print the report as JSON");
  app->add_flag("--verbose", texts->verbose, "Show the pool's log: each death, with its reason");
  app->footer(footer());
  options->worker = std::move(worker);
  app->callback([options, texts, run = std::move(run)] { run(read(*texts, *options)); });
}

}  // namespace phial::inline v1::cli
