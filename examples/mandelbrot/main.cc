// The same picture twice: computed by a pool of processes, and inline in the loop.
//
// What to see: the pool uses every core and the loop keeps its 5 ms heartbeat; inline, the loop is
// deaf while a tile is computed. One worker is killed half-way. Its tile is run again, because the
// jobs say Rerun::always, and the picture is the same to the byte.
#include <phial/master.h>
#include <phial/worker.h>
#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <sstream>

#include "common/heartbeat.h"
#include "fractal.h"
#include "options.h"
#include "picture.h"
#include "progress_bar.h"

namespace {

using examples::Heartbeat;

struct Measured {
  double seconds = 0;
  Heartbeat::Delays heartbeat{};
};

double secondsBetween(phial::TimePoint from, phial::TimePoint to) {
  return std::chrono::duration<double>(to - from).count();
}

// Renders all tiles through a pool and kills one worker when 40 of 100 tiles are there.
class PooledRender {
 public:
  PooledRender(phial::Reactor& reactor, const Options& options, std::vector<Tile> tiles)
      : reactor_(reactor),
        tiles_(std::move(tiles)),
        picture_(options.width, options.height),
        bar_("pool  ", tiles_.size()),
        pool_(reactor, {.name = "mandelbrot",
                        .max = options.workers,
                        .onLog = [this](const phial::LogRecord& record) { keep(record); }}) {}

  phial::Deferred<void> run() {
    co_await pool_.start();
    Heartbeat heartbeat(reactor_);
    const auto begin = reactor_.now();
    std::vector<phial::Deferred<void>> pending;
    pending.reserve(tiles_.size());
    for (const Tile& tile : tiles_) {
      pending.push_back(pool_.with({.rerun = phial::Rerun::always})
                            .deferToProcess<renderTile>(tile)
                            .addCallback([this, &tile](const std::vector<std::uint8_t>& pixels) {
                              picture_.place(tile, pixels);
                              bar_.advance();
                              if (++done_ == tiles_.size() * 2 / 5) killOne();
                            }));
    }
    co_await phial::gatherResults(std::move(pending));
    measured_ = {secondsBetween(begin, reactor_.now()), heartbeat.delays()};
    bar_.finish();
    co_await pool_.stop();
  }

  const Picture& picture() const { return picture_; }
  const Measured& measured() const { return measured_; }
  const std::string& log() const { return log_; }
  phial::PoolStats stats() const { return pool_.stats(); }

 private:
  void keep(const phial::LogRecord& record) {
    if (record.level != phial::LogLevel::debug) log_.append(record.text).append("\n");
  }

  void killOne() {
    const auto workers = pool_.workers();
    const auto victim = std::find_if(workers.begin(), workers.end(), [](const auto& worker) {
      return worker.state == phial::WorkerState::busy;
    });
    if (victim == workers.end()) return;
    bar_.say("killing worker " + std::to_string(victim->number) + " (pid " +
             std::to_string(victim->pid) + ") with SIGKILL, on purpose");
    ::kill(victim->pid, SIGKILL);
  }

  phial::Reactor& reactor_;
  const std::vector<Tile> tiles_;
  Picture picture_;
  ProgressBar bar_;
  Measured measured_;
  std::size_t done_ = 0;
  std::string log_;
  phial::ProcessPool pool_;  // last: what its end still calls is there
};

// Renders one tile in each turn of the loop.
class InlineRender {
 public:
  InlineRender(phial::Reactor& reactor, const Options& options, std::vector<Tile> tiles)
      : reactor_(reactor), tiles_(std::move(tiles)), picture_(options.width, options.height) {}

  phial::Deferred<void> run() {
    Heartbeat heartbeat(reactor_);
    ProgressBar bar("inline", tiles_.size());
    const auto begin = reactor_.now();
    for (const Tile& tile : tiles_) {
      picture_.place(tile, renderTile(tile));
      bar.advance();
      // Lets the loop do what else is due.
      co_await phial::deferLater(reactor_, phial::Duration::zero(), [] {});
    }
    measured_ = {secondsBetween(begin, reactor_.now()), heartbeat.delays()};
    bar.finish();
  }

  const Picture& picture() const { return picture_; }
  const Measured& measured() const { return measured_; }

 private:
  phial::Reactor& reactor_;
  const std::vector<Tile> tiles_;
  Picture picture_;
  Measured measured_;
};

void report(const PooledRender& pooled, const InlineRender& inlined) {
  const Measured& pool = pooled.measured();
  const Measured& alone = inlined.measured();
  std::printf("\n          seconds  heartbeat: median   worst\n");
  std::printf("pool    %9.2f  %15.2f ms %7.2f ms\n", pool.seconds, pool.heartbeat.medianMs,
              pool.heartbeat.worstMs);
  std::printf("inline  %9.2f  %15.2f ms %7.2f ms\n", alone.seconds, alone.heartbeat.medianMs,
              alone.heartbeat.worstMs);
  std::printf("speed-up %8.2f\n", alone.seconds / pool.seconds);
  std::printf("jobs: %lu submitted, %lu succeeded, %lu run again after a death\n\n",
              pooled.stats().submitted, pooled.stats().succeeded, pooled.stats().rerun);
  if (!pooled.log().empty()) std::printf("the pool's log:\n%s\n", pooled.log().c_str());
}

phial::Deferred<int> run(phial::Reactor& reactor, Options options) {
  const auto tiles = tilesOf(options.width, options.height);
  PooledRender pooled(reactor, options, tiles);
  InlineRender inlined(reactor, options, tiles);
  std::printf("%dx%d pixels in %zu tiles\n", options.width, options.height, tiles.size());
  co_await pooled.run();
  co_await inlined.run();
  report(pooled, inlined);
  if (pooled.picture() != inlined.picture()) {
    std::fprintf(stderr, "mandelbrot: the two pictures differ\n");
    co_return 1;
  }
  pooled.picture().writePng(options.out);
  std::printf("both pictures are the same, byte for byte:\n%s\n",
              std::filesystem::absolute(options.out).c_str());
  co_return 0;
}

}  // namespace

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  const Options options = parseOptions(argc, argv);
  phial::Reactor reactor;
  return phial::react(reactor, "mandelbrot", run(reactor, options));
}
