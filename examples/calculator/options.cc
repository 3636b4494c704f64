#include "options.h"

#include "common/command_line.h"

Options parseOptions(int argc, char** argv) {
  Options options;
  options.statements = {"123 + 45 - 67", "a = 6 * 7",          "f(x, y) = x * 100 + y",
                        "f(a, 3) / 2",   "g(x) = f(x, x) + a", "g(f(1, 2))",
                        "pow(2, 10)"};
  CLI::App app(
      "Computes expressions in worker processes. A statement is an expression, \"name = "
      "expression\",\n"
      "or \"name(parameters) = expression\". pow(x, y) is computed here, wherever it is called.",
      "calculator");
  app.add_option("STATEMENTS", options.statements, "What to compute, in order")
      ->capture_default_str();
  app.add_option("--workers", options.workers, "Worker processes (default: one a core)")
      ->check(CLI::Range(1, 256));
  examples::parseOrExit(app, argc, argv);
  return options;
}
