#include "options.h"

#include "common/command_line.h"

Options parseOptions(int argc, char** argv) {
  Options options;
  CLI::App app(
      "An HTTP server on 127.0.0.1 that tells prime numbers from others. GET /isprime/N computes\n"
      "in a pool of worker processes while the server goes on; GET /isprime-inline/N computes in\n"
      "the server's own loop, which answers nobody meanwhile. Ends at SIGINT or SIGTERM.",
      "primes");
  app.add_option("--port", options.port, "The port to listen on; 0 for any that is free")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  app.add_option("--workers", options.workers, "Worker processes (default: one a core)")
      ->check(CLI::Range(1, 256));
  examples::parseOrExit(app, argc, argv);
  return options;
}
