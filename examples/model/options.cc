#include "options.h"

#include "common/command_line.h"

Options parseOptions(int argc, char** argv) {
  Options options;
  CLI::App app(
      "Loads a large model once, in a template process, and answers questions in workers that are\n"
      "forked from it. Workers are killed meanwhile; each is replaced in about a millisecond, and\n"
      "no question is lost.",
      "model");
  app.add_option("--mib", options.mebibytes, "Size of the model in MiB")
      ->check(CLI::Range(1, 1 << 16))
      ->capture_default_str();
  app.add_option("--workers", options.workers, "Worker processes")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  app.add_option("--questions", options.questions, "How many questions to ask")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  app.add_option("--kills", options.kills,
                 "How many workers to kill, fewer than there are questions")
      ->check(CLI::Range(0, 1000000))
      ->capture_default_str();
  examples::parseOrExit(app, argc, argv);
  return options;
}
