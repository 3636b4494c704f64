// What the command lines of the examples have in common.
#pragma once

#include <CLI/CLI.hpp>

namespace examples {

/// The exit status for a command line that is wrong.
inline constexpr int kUsageStatus = 2;

/// Parses, or ends the program: with 0 after --help, with kUsageStatus after one line on stderr
/// that says what is wrong.
void parseOrExit(CLI::App& app, int argc, char** argv);

/// Ends the program as parseOrExit does, for what is wrong beyond the syntax.
[[noreturn]] void refuse(const CLI::App& app, const std::string& what);

}  // namespace examples
