// What the measuring programs' command lines have in common.
#pragma once

#include <CLI/CLI.hpp>

namespace perf {

/// Parses, or ends the program: 0 after --help, 2 after one line that says what is wrong.
void parseOrExit(CLI::App& app, int argc, char** argv);

/// The one-minute load average: what else the machine was doing.
double loadAverage();

}  // namespace perf
