#include "options.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>

namespace {

constexpr int kUsageStatus = 2;

}  // namespace

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
  try {
    app.parse(argc, argv);
    return options;
  } catch (const CLI::CallForHelp& help) {
    std::exit(app.exit(help));
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "wordcount: %s\n", error.what());
    std::exit(kUsageStatus);
  }
}
