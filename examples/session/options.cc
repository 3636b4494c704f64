#include "options.h"

#include "common/command_line.h"

Options parseOptions(int argc, char** argv) {
  Options options{{"ada: x = 3", "ada: y = x + 4", "charles: x", "ada: x + y", "charles: crash",
                   "charles: x = 1", "ada: y"}};
  CLI::App app(
      "Users write into notebooks. Each user leases a worker, which keeps the notebook from line\n"
      "to line. A line that crashes ends the session of its user, and no other.",
      "session");
  const auto isLine = [](const std::string& line) {
    const auto colon = line.find(": ");
    const bool good = colon != std::string::npos && colon > 0 && colon + 2 < line.size();
    return good ? std::string() : line + " is not written \"user: line\"";
  };
  app.add_option("lines", options.lines, "What users write, in order: \"ada: x = 3\"")
      ->check(CLI::Validator(isLine, "USER: LINE"));
  examples::parseOrExit(app, argc, argv);
  return options;
}
