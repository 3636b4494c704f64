// Does starting a child cost more in a large program than in a small one?
//
// Measures spawnProcess of /bin/true from this process when small and with 2 GiB of touched memory,
// in alternating rounds so that both see the same machine. Exits with 1 when the large one's median
// is more than twice the small one's.
#include <phial/master/process.h>
#include <phial/master/reactor.h>
#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

using Microseconds = std::chrono::duration<double, std::micro>;

constexpr std::size_t kLargeBytes = std::size_t{2} << 30;
constexpr int kRounds = 5;
constexpr int kSpawnsPerRound = 40;

class Ballast {
 public:
  Ballast()
      : memory_(mmap(nullptr, kLargeBytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {
    if (memory_ == MAP_FAILED) {
      std::perror("mmap");
      std::exit(2);
    }
    // Small pages, the worst case for a copy of the page tables.
    madvise(memory_, kLargeBytes, MADV_NOHUGEPAGE);
    for (std::size_t i = 0; i < kLargeBytes; i += 4096) static_cast<char*>(memory_)[i] = 1;
  }
  ~Ballast() { munmap(memory_, kLargeBytes); }
  Ballast(const Ballast&) = delete;
  Ballast& operator=(const Ballast&) = delete;

 private:
  void* memory_;
};

double spawnOnce(phial::Reactor& reactor) {
  phial::SpawnOptions options;
  options.executable = "/bin/true";
  const auto begin = std::chrono::steady_clock::now();
  phial::Process process = reactor.spawnProcess(options);
  const Microseconds took = std::chrono::steady_clock::now() - begin;
  process.onExit([&](const phial::ExitStatus&) { reactor.stop(); });
  reactor.run();
  return took.count();
}

void measureRound(phial::Reactor& reactor, std::vector<double>& samples) {
  spawnOnce(reactor);  // warm
  for (int i = 0; i < kSpawnsPerRound; ++i) samples.push_back(spawnOnce(reactor));
}

double median(std::vector<double> samples) {
  const auto middle = samples.begin() + static_cast<std::ptrdiff_t>(samples.size() / 2);
  std::nth_element(samples.begin(), middle, samples.end());
  return *middle;
}

}  // namespace

int main() {
  phial::Reactor reactor;
  std::vector<double> small;
  std::vector<double> large;
  for (int round = 0; round < kRounds; ++round) {
    measureRound(reactor, small);
    const Ballast ballast;
    measureRound(reactor, large);
  }
  const double ratio = median(large) / median(small);
  std::printf("spawnProcess, median of %zu: %.0f us small, %.0f us with 2 GiB, ratio %.2f\n",
              small.size(), median(small), median(large), ratio);
  return ratio <= 2 ? 0 : 1;
}
