#include "options.h"

#include "common/command_line.h"

Options parseOptions(int argc, char** argv) {
  Options options;
  CLI::App app(
      "Counts the words of text files in a pool of worker processes and prints the most frequent\n"
      "ones. The workers read the files, 1 MiB at a time; the master adds their counts up.",
      "wordcount");
  app.add_option("FILES", options.files, "Text files")->required();
  app.add_option("--top", options.top, "How many words to print")
      ->check(CLI::Range(1, 1000000000))
      ->capture_default_str();
  app.add_option("--workers", options.workers, "Worker processes (default: one a core)")
      ->check(CLI::Range(1, 256));
  examples::parseOrExit(app, argc, argv);
  return options;
}
