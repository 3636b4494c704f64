// Does starting a child cost more in a large program than in a small one?
//
// Measures the call of spawnProcess, of /bin/true, from this process with so much memory touched.
#include <phial/master/process.h>
#include <phial/master/reactor.h>
#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>

#include "tests/perf/common/command_line.h"
#include "tests/perf/common/sample.h"
#include "tests/perf/common/samples.h"
#include "tests/perf/common/stopwatch.h"

namespace {

struct Options {
  int spawns = 100;
  std::size_t ballastMib = 0;
};

Options parseOptions(int argc, char** argv) {
  Options options;
  CLI::App app("Measures the call that starts a child.", "phial_perf_spawn");
  perf::addCount(app, "spawns", options.spawns, "Children, after one to warm up");
  app.add_option("--ballast-mib", options.ballastMib, "Memory that this process has touched")
      ->check(CLI::Range(0, 1 << 20))
      ->capture_default_str();
  perf::parseOrExit(app, argc, argv);
  return options;
}

class Ballast {
 public:
  explicit Ballast(std::size_t bytes) : bytes_(bytes) {
    if (bytes_ == 0) return;
    memory_ = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory_ == MAP_FAILED) {
      std::perror("mmap");
      std::exit(1);
    }
    // Small pages, the worst case for a copy of the page tables.
    ::madvise(memory_, bytes_, MADV_NOHUGEPAGE);
    for (std::size_t i = 0; i < bytes_; i += 4096) static_cast<char*>(memory_)[i] = 1;
  }
  ~Ballast() {
    if (memory_ != nullptr) ::munmap(memory_, bytes_);
  }
  Ballast(const Ballast&) = delete;
  Ballast& operator=(const Ballast&) = delete;

 private:
  std::size_t bytes_;
  void* memory_ = nullptr;
};

double spawnOnce(phial::Reactor& reactor) {
  phial::SpawnOptions options;
  options.executable = "/bin/true";
  const perf::Stopwatch stopwatch;
  phial::Process process = reactor.spawnProcess(options);
  const double took = stopwatch.microseconds();
  process.onExit([&](const phial::ExitStatus&) { reactor.stop(); });
  reactor.run();
  return took;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parseOptions(argc, argv);
  const Ballast ballast(options.ballastMib << 20);
  phial::Reactor reactor;
  spawnOnce(reactor);
  perf::Samples samples;
  for (int i = 0; i < options.spawns; ++i) samples.add(spawnOnce(reactor));
  const auto subject = options.ballastMib == 0
                           ? std::string("phial")
                           : "phial, " + std::to_string(options.ballastMib) + " MiB in use";
  perf::print({.workload = "spawn",
               .subject = subject,
               .value = samples.median(),
               .unit = "us",
               .also = {{"p99Us", samples.p99()}, {"jobs", options.spawns}}});
}
