#include "tests/integration/pool/progress_jobs.h"

#include <fcntl.h>
#include <phial/worker.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace progress_jobs {
namespace {

long residentKilobytes() {
  long pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> pages;
  return pages * 4;
}

// Until somebody opens `fifo` for writing.
void waitFor(const std::string& fifo) { ::close(::open(fifo.c_str(), O_RDONLY)); }

}  // namespace

long reportMany(int count) {
  const long before = residentKilobytes();
  for (int i = 1; i <= count; ++i) {
    phial::currentJob().progress(static_cast<double>(i) / count, "report " + std::to_string(i));
  }
  return residentKilobytes() - before;
}

void reportManyAndThrow(int count) {
  reportMany(count);
  throw std::runtime_error("enough");
}

void reportManyAndAbort(int count) {
  reportMany(count);
  std::abort();
}

void reportManyAndDie(int count) {
  reportMany(count);
  ::raise(SIGKILL);
}

void reportOnce(double fraction) { phial::currentJob().progress(fraction, "once"); }

void reportAndWait(const std::string& fifo) {
  phial::currentJob().progress(0.25, "waiting");
  waitFor(fifo);
}

void reportThreeTimes(const std::string& first, const std::string& second,
                      const std::string& third) {
  phial::currentJob().progress(0.25, "one");
  waitFor(first);
  phial::currentJob().progress(0.5, "two");
  phial::currentJob().progress(0.75, "three");
  ::close(::open(second.c_str(), O_WRONLY));
  waitFor(third);
}

int reportNumber(int number) {
  phial::currentJob().progress(0.5, "half of " + std::to_string(number));
  phial::currentJob().progress(1, "job " + std::to_string(number));
  return number;
}

std::string reportFromAThread() {
  std::string what = "nothing";
  auto& job = phial::currentJob();
  std::thread([&] {
    try {
      job.progress(0.5);
    } catch (const std::logic_error& error) {
      what = error.what();
    }
  }).join();
  job.progress(1);
  return what;
}

void reportUntilCancelled(const std::string& fifo) {
  while (!phial::currentJob().cancelled()) phial::currentJob().progress(0.5, "at it");
  phial::currentJob().progress(1, "too late");
  waitFor(fifo);
}

}  // namespace progress_jobs
