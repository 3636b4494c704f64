#include "options.h"

#include "common/command_line.h"

Options parseOptions(int argc, char** argv) {
  Options options;
  CLI::App app(
      "An HTTP server on 127.0.0.1 whose pool is watched. GET /steps/N computes in a worker;\n"
      "GET /metrics is for Prometheus. Ends at SIGINT or SIGTERM.",
      "metrics");
  app.add_option("--port", options.port, "The port to listen on; 0 for any that is free")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  app.add_option("--workers", options.workers, "Worker processes (default: one a core)")
      ->check(CLI::Range(1, 256));
  app.add_option("--trace", options.trace, "Write a trace to this file, for ui.perfetto.dev")
      ->type_name("FILE");
  examples::parseOrExit(app, argc, argv);
  return options;
}
