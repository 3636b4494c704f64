// A model that takes long to load, and workers that do not: they are forked from a template.
#include <phial/master.h>
#include <phial/worker.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <vector>

#include "options.h"
#include "restarts.h"
#include "vectors.h"

namespace {

// Kills a worker while it answers: one after every so many answers.
class Killer {
 public:
  Killer(const phial::ProcessPool& pool, const Options& options)
      : pool_(pool), interval_(options.kills > 0 ? options.questions / options.kills : 0) {}

  void answered(std::uint64_t answers) {
    if (interval_ == 0 || answers % interval_ != 0) return;
    for (const auto& worker : pool_.workers()) {
      if (worker.state != phial::WorkerState::busy || worker.pid == 0) continue;
      ::kill(worker.pid, SIGKILL);
      return;
    }
  }

 private:
  const phial::ProcessPool& pool_;
  const std::uint64_t interval_;
};

phial::Deferred<int> run(phial::Reactor& reactor, Options options) {
  phial::ProcessPool pool(reactor, {.name = "model",
                                    .min = options.workers,
                                    .max = options.workers,
                                    .warm = phial::prepareWith<loadModel>(options.mebibytes),
                                    .onLog = [](const phial::LogRecord&) {}});
  const auto restarts = std::make_shared<Restarts>();
  const auto observation = pool.observe(restarts);
  co_await pool.start();
  std::printf("%lu MiB are loaded, once for %zu workers\n", options.mebibytes, options.workers);

  Killer killer(pool, options);
  const std::uint64_t rows = rowsOf(options.mebibytes);
  std::uint64_t answers = 0;
  std::uint64_t right = 0;
  std::vector<std::vector<float>> questions;
  std::vector<std::uint64_t> expected;
  for (std::uint64_t i = 0; i < options.questions; ++i) {
    expected.push_back(i * 7919 % rows);
    questions.push_back(questionFor(expected.back()));
  }
  // A question is safe to ask again, however often its worker is killed.
  phial::MapOptions again;
  again.job.rerun = phial::Rerun::always;
  again.job.maxAttempts = 1000;
  again.chunk = 1;
  co_await pool.with(again).forEach<nearestRow>(questions, [&](std::size_t i, std::uint64_t row) {
    if (row == expected[i]) ++right;
    killer.answered(++answers);
  });
  const auto deaths = pool.stats().deaths;
  co_await pool.stop();
  std::printf("%lu questions, %lu right answers\n", answers, right);
  std::printf("%lu workers killed, %zu of them forked from the template", deaths,
              restarts->ofTheTemplate());
  std::printf("; the next was ready after %.1f ms\n", restarts->medianMilliseconds());
  co_return right == options.questions ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  const Options options = parseOptions(argc, argv);
  phial::Reactor reactor;
  return phial::react(reactor, "model", run(reactor, options));
}
