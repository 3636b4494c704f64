#include "options.h"

#include "common/command_line.h"

Options parseOptions(int argc, char** argv) {
  Options options;
  std::int64_t limit = options.limit.count();
  CLI::App app(
      "A password server on 127.0.0.1, or on a Unix socket. A client sends lines: \"hash USER\n"
      "PASSWORD\" keeps a password's hash, \"verify USER PASSWORD\" tests one. The hashes are\n"
      "computed in a pool of worker processes. Ends at SIGINT or SIGTERM.",
      "scrypt");
  app.add_option("--port", options.port, "The port to listen on; 0 for any that is free")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  app.add_option("--socket", options.socket, "The path of a Unix socket to listen on instead");
  app.add_option("--workers", options.workers, "Worker processes (default: one a core)")
      ->check(CLI::Range(1, 256));
  app.add_option("--queue", options.queue, "Requests that may wait for a worker")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  app.add_option("--limit-ms", limit, "Milliseconds that a request may take, the queue included")
      ->check(CLI::Range(1, 3600000))
      ->capture_default_str();
  app.add_option("--cost", options.cost.cost, "scrypt's cost, as a power of two")
      ->check(CLI::Range(1, 24))
      ->capture_default_str();
  app.add_option("--passes", options.cost.passes, "scrypt's parallelisation: more is slower")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  examples::parseOrExit(app, argc, argv);
  options.limit = std::chrono::milliseconds(limit);
  return options;
}
