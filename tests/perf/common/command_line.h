// What the measuring programs' command lines have in common.
#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <string>

namespace perf {

/// Parses, or ends the program: 0 after --help, 2 after one line that says what is wrong.
void parseOrExit(CLI::App& app, int argc, char** argv);

/// Adds --<name>, a number from 1 to a thousand million. `value` holds the default.
template <class Number>
CLI::Option* addCount(CLI::App& app, const std::string& name, Number& value,
                      const std::string& description) {
  return app.add_option("--" + name, value, description)
      ->check(CLI::Range(1, 1'000'000'000))
      ->capture_default_str();
}

/// Adds --workers, and sets `workers` to its default: the cores that this process may use.
void addWorkers(CLI::App& app, std::size_t& workers);

}  // namespace perf
