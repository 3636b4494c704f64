#include "options.h"

#include "common/command_line.h"

Options parseOptions(int argc, char** argv) {
  Options options;
  CLI::App app(
      "Does the same long computation in four ways: inline, in steps, in a thread and in a worker\n"
      "process, and shows what each does to a loop that wants a call every 5 ms.",
      "chunking");
  app.add_option("--limit", options.limit, "Count the primes below this number")
      ->check(CLI::Range(1'000, 1'000'000'000))
      ->capture_default_str();
  examples::parseOrExit(app, argc, argv);
  return options;
}
