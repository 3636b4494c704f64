// What a Deferred costs, and each callback on it.
#include <benchmark/benchmark.h>
#include <phial/master.h>

#include <utility>

namespace {

void chain(benchmark::State& state) {
  for (auto _ : state) {
    auto [deferred, resolver] = phial::newDeferred<int>();
    phial::Deferred<int> last = std::move(deferred);
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      last = std::move(last).addCallback([](int n) { return n + 1; });
    }
    resolver.callback(0);
  }
}

phial::Deferred<int> awaitOnce(phial::Deferred<int> deferred) {
  co_return co_await std::move(deferred);
}

void coroutine(benchmark::State& state) {
  for (auto _ : state) {
    auto [deferred, resolver] = phial::newDeferred<int>();
    auto awaiting = awaitOnce(std::move(deferred));
    resolver.callback(0);
    benchmark::DoNotOptimize(awaiting);
  }
}

BENCHMARK(chain)->Name("deferred/callbacks")->Arg(0)->Arg(1)->Arg(10)->Arg(1000);
BENCHMARK(coroutine)->Name("deferred/coroutine");

}  // namespace
