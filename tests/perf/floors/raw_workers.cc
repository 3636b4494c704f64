// The floor of jobs that sleep on many workers: forked children behind pipes, and a parent that
// waits by epoll and hands the next job to each child that answers.
#include "tests/perf/common/sleep_load.h"
#include "tests/perf/floors/pipe_children.h"

namespace {

constexpr const char* kContestant = "raw pipes and epoll";
constexpr std::size_t kDescriptorsPerChild = 2;

}  // namespace

int main(int argc, char** argv) {
  const auto load = perf::parseSleepLoad(
      argc, argv, "phial_perf_raw_workers",
      "Measures jobs that sleep in forked children, by pipes and epoll without a pool.");
  if (!perf::haveDescriptors(kContestant, load, kDescriptorsPerChild * load.workers)) return 0;
  perf::PipeChildren children(load.workers);
  children.run(load.workers, load.job);
  const perf::LoadMeter meter(load);
  children.run(load.jobs, load.job);
  meter.print(kContestant);
}
