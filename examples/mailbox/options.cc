#include "options.h"

#include "common/command_line.h"

Options parseOptions(int argc, char** argv) {
  long interval = 20;
  CLI::App app(
      "A post office: letters arrive at an interval, a worker process sorts each one, and letters\n"
      "that cannot be sorted are refused. One of the letters kills its worker.",
      "mailbox");
  app.add_option("--interval", interval, "Milliseconds between two letters")
      ->check(CLI::Range(1, 60'000))
      ->capture_default_str();
  examples::parseOrExit(app, argc, argv);
  return {.interval = std::chrono::milliseconds(interval)};
}
