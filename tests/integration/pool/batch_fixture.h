// A pool that knows a function to be short, so that its jobs travel together.
#pragma once

#include <signal.h>

#include <fstream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "pool_fixture.h"

namespace phial {

class PoolBatchTest : public PoolTest {
 protected:
  struct Told {
    std::vector<std::optional<Outcome<std::string>>> outcomes;
    std::size_t count = 0;
  };

  void signalAll(int signal) {
    for (const auto& worker : pool_->workers()) ASSERT_EQ(::kill(worker.pid, signal), 0);
  }

  /// Runs short jobs until the pool knows that they are, and sends such jobs together.
  template <class Submit>
  void learn(ProcessPool& pool, Submit submit) {
    constexpr std::size_t kJobs = 10;
    constexpr int kMostTries = 1000;
    int tries = 0;
    for (std::size_t together = 0; together < kJobs;) {
      if (++tries > kMostTries) throw std::runtime_error("these jobs are not short here");
      signalAll(SIGSTOP);
      std::vector<decltype(submit())> jobs;
      for (std::size_t i = 0; i < kJobs; ++i) jobs.push_back(submit());
      passTurns();
      together = pool.stats().running;
      signalAll(SIGCONT);
      valueOf(gatherResults(std::move(jobs)));
    }
  }

  /// A pool, of one worker unless told otherwise, that knows perform() to be short.
  ProcessPool& makeLearnedPool(PoolOptions options = {}, Clock* clock = nullptr) {
    if (options.max == 0) options.max = 1;
    options.min = options.max;
    auto& pool = makePool(std::move(options), clock);
    valueOf(pool.start());
    learn(pool, [&] { return pool.deferToProcess<jobs::perform>(jobs::Deed::nothing, ""); });
    return pool;
  }

  /// Submits them at once. The first finds an idle worker and goes alone; the others are a batch.
  void submit(ProcessPool& pool, const std::vector<jobs::Deed>& deeds, JobOptions options = {}) {
    told_ = std::make_shared<Told>();
    told_->outcomes.resize(deeds.size());
    for (std::size_t i = 0; i < deeds.size(); ++i) {
      pool.with(options)
          .deferToProcess<jobs::perform>(deeds[i], pathOf(i))
          .addBoth([told = told_, i](Outcome<std::string> outcome) {
            told->outcomes[i].emplace(std::move(outcome));
            ++told->count;
          });
    }
  }
  void awaitAll() {
    runUntil([this] { return told_->count == told_->outcomes.size(); });
  }
  bool succeeded(std::size_t job) const {
    return told_->outcomes[job] && told_->outcomes[job]->ok();
  }

  std::string pathOf(std::size_t job) const { return folder_.path("job-" + std::to_string(job)); }
  /// How often the job at this place noted that it ran.
  int notesOf(std::size_t job) const {
    std::ifstream file(pathOf(job));
    int notes = 0;
    for (std::string line; std::getline(file, line);) ++notes;
    return notes;
  }

  std::shared_ptr<Told> told_;
};

}  // namespace phial
