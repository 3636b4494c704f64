#include "options.h"

#include "common/command_line.h"

Options parseOptions(int argc, char** argv) {
  Options options;
  long refresh = options.refresh.count();
  CLI::App app(
      "Reads commands from stdin, while rates are computed again and again beside it:\n"
      "  rate EUR       the newest rate\n"
      "  forecast EUR   begins a long computation and gives it a number\n"
      "  collect 1      waits for the forecast with this number\n"
      "  quit           ends the program, as the end of the input does",
      "crochet");
  app.add_option("--refresh", refresh, "Milliseconds between two computations of the rates")
      ->check(CLI::Range(1, 60'000))
      ->capture_default_str();
  app.add_option("--workers", options.workers, "Worker processes (default: one a core)")
      ->check(CLI::Range(1, 256));
  examples::parseOrExit(app, argc, argv);
  options.refresh = std::chrono::milliseconds(refresh);
  return options;
}
