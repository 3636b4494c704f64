// A program that blocks, with a loop beside it: after Crochet's example of an exchange rate.
#include <phial/master.h>
#include <phial/worker.h>

#include "commands.h"
#include "options.h"
#include "rates.h"

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  const Options options = parseOptions(argc, argv);
  phial::ReactorThread loop;
  auto& pool =
      loop.own<phial::ProcessPool>(phial::PoolOptions{.name = "crochet", .max = options.workers});
  auto& rates = loop.own<Rates>(pool, options.refresh);
  Commands(loop, rates, pool).run();
}  // the loop ends, and before it what it owns, the last first
