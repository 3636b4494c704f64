// A picture whose tiles stream into it: one stream for each worker, each tile as soon as it is
// done.
#include <phial/master.h>
#include <phial/worker.h>
#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <thread>
#include <utility>
#include <vector>

#include "options.h"
#include "picture.h"

namespace {

class Painting {
 public:
  Painting(phial::ProcessPool& pool, Picture& picture, bool kills)
      : pool_(pool), picture_(picture), kills_(kills) {}

  // Shares the tiles out among the workers, like cards.
  phial::Deferred<void> run(std::size_t workers) {
    std::vector<std::vector<Tile>> hands(workers);
    std::size_t next = 0;
    for (const Tile& tile : picture_.missing()) hands[next++ % workers].push_back(tile);
    std::vector<phial::Deferred<void>> all;
    for (auto& hand : hands) all.push_back(paintAll(std::move(hand)));
    co_await phial::gatherResults(std::move(all));
  }

  std::size_t deaths() const { return deaths_; }

 private:
  // What had arrived before a worker's death is in the picture; the rest is asked for again.
  phial::Deferred<void> paintAll(std::vector<Tile> tiles) {
    while (!tiles.empty()) {
      auto place = [this](const Painted& painted) {
        picture_.place(painted);
        if (std::exchange(kills_, false)) ::kill(pool_.workers().front().pid, SIGKILL);
      };
      auto outcome = co_await pool_.stream<paint>(picture_.size(), tiles).forEach(place).outcome();
      if (!outcome.ok()) outcome.failure().trap<phial::WorkerDied>();
      deaths_ += outcome.ok() ? 0 : 1;
      std::erase_if(tiles, [&](const Tile& tile) { return !picture_.missing().contains(tile); });
    }
  }

  phial::ProcessPool& pool_;
  Picture& picture_;
  bool kills_;
  std::size_t deaths_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  const Options options = parseOptions(argc, argv);
  std::size_t workers = options.workers;
  if (workers == 0) workers = std::max(1u, std::thread::hardware_concurrency());
  Picture picture(options.size);
  const std::size_t tiles = picture.missing().size();
  phial::Reactor reactor;
  phial::ProcessPool pool(reactor, {.name = "render_stream",
                                    .max = workers,
                                    .onLog = [](const phial::LogRecord&) {}});  // of the death
  Painting painting(pool, picture, options.kill);
  auto done = painting.run(workers).addCallback([&] { return pool.stop(); }).addCallback([&] {
    picture.writePpm(options.out);
    std::printf("%s: %zu tiles", options.out.c_str(), tiles);
    if (painting.deaths() > 0) std::printf(", although %zu worker died", painting.deaths());
    std::printf("\n");
    return 0;
  });
  return phial::react(reactor, "render_stream", std::move(done));
}
