#include "tests/perf/common/sleep_load.h"

#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>

#include "tests/perf/common/command_line.h"
#include "tests/perf/common/processor_time.h"
#include "tests/perf/common/sample.h"

namespace perf {
namespace {

constexpr std::string_view kWorkload = "workers";
// For the standard streams, the loop, and what a child that is being started needs for a moment.
constexpr std::size_t kOtherDescriptors = 64;

// As the runner calls it: "phial, 10 ms on 256".
std::string subjectOf(std::string_view contestant, const SleepLoad& load) {
  return std::string(contestant) + ", " + std::to_string(load.job.count()) + " ms on " +
         std::to_string(load.workers);
}

[[noreturn]] void die(const char* call) {
  std::perror(call);
  std::exit(1);
}

}  // namespace

SleepLoad parseSleepLoad(int argc, char** argv, const std::string& program,
                         const std::string& description) {
  SleepLoad load;
  auto jobMs = load.job.count();
  CLI::App app(description, program);
  addCount(app, "workers", load.workers, "Workers");
  addCount(app, "jobs", load.jobs, "Jobs, after one for each worker to warm up");
  addCount(app, "job-ms", jobMs, "How long a job sleeps, in milliseconds");
  parseOrExit(app, argc, argv);
  load.job = std::chrono::milliseconds(jobMs);
  return load;
}

bool haveDescriptors(std::string_view contestant, const SleepLoad& load, std::size_t needed) {
  needed += kOtherDescriptors;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) die("getrlimit");
  if (limit.rlim_max < needed) {
    printUnavailable(kWorkload, subjectOf(contestant, load),
                     "it needs " + std::to_string(needed) + " descriptors, and the hard limit is " +
                         std::to_string(limit.rlim_max) + " (ulimit -Hn)");
    return false;
  }
  if (limit.rlim_cur >= needed) return true;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) die("setrlimit");
  return true;
}

LoadMeter::LoadMeter(const SleepLoad& load)
    : load_(load), processorSecondsBefore_(processorSeconds()) {}

void LoadMeter::print(std::string_view contestant) const {
  const double seconds = stopwatch_.seconds();
  const double processor = processorSeconds() - processorSecondsBefore_;
  const auto jobs = static_cast<double>(load_.jobs);
  const auto workers = static_cast<double>(load_.workers);
  const double ideal = jobs * std::chrono::duration<double>(load_.job).count() / workers;
  perf::print(
      {.workload = kWorkload,
       .subject = subjectOf(contestant, load_),
       .value = ideal / seconds,
       .unit = "of ideal",
       .also = {
           {"jobs", jobs}, {"workers", workers}, {"masterProcessorUs", processor / jobs * 1e6}}});
}

}  // namespace perf
