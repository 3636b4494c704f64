// Quicksort: jobs that call jobs of their own pool.
#include <phial/master.h>
#include <phial/worker.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <random>
#include <utility>

#include "options.h"
#include "quicksort.h"

namespace {

Numbers someNumbers(const Options& options) {
  std::mt19937_64 random(options.seed);
  Numbers numbers(options.count);
  for (auto& number : numbers) number = static_cast<std::int64_t>(random() >> 1);
  return numbers;
}

int report(const phial::ProcessPool& pool, const Numbers& numbers) {
  const phial::PoolStats stats = pool.stats();
  std::printf("%zu numbers sorted by %llu jobs\n", numbers.size(),
              static_cast<unsigned long long>(stats.succeeded));
  return std::is_sorted(numbers.begin(), numbers.end()) ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  const Options options = parseOptions(argc, argv);
  phial::Reactor reactor;
  phial::ProcessPool pool(reactor, {.name = "quicksort", .max = options.workers});
  auto sorted = pool.deferToProcess<quicksort>(someNumbers(options), options.grain)
                    .addCallback([&](const Numbers& numbers) { return report(pool, numbers); })
                    .addCallback([&](int status) {
                      return pool.stop().addCallback([status] { return status; });
                    });
  return phial::react(reactor, "quicksort", std::move(sorted));
}
