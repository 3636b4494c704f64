#include "options.h"

#include "common/command_line.h"

Options parseOptions(int argc, char** argv) {
  Options options;
  CLI::App app(
      "Sorts random numbers. Each job gives a part of its numbers to another job of the same "
      "pool,\n"
      "and waits for it: while it waits, its place is lent.",
      "quicksort");
  app.add_option("--count", options.count, "How many numbers")
      ->check(CLI::Range(1U, 20'000'000U))
      ->capture_default_str();
  app.add_option("--grain", options.grain, "How many a job sorts without calling another")
      ->check(CLI::Range(1000U, 20'000'000U))
      ->capture_default_str();
  app.add_option("--workers", options.workers, "Worker processes that run at a time; 0: one a core")
      ->check(CLI::Range(0U, 1000U))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Of the random numbers")->capture_default_str();
  examples::parseOrExit(app, argc, argv);
  return options;
}
