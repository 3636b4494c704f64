// The command line of the metrics example.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

struct Options {
  std::uint16_t port = 8080;  // 0: any free one
  std::size_t workers = 0;    // 0: one a core
  std::string trace;          // empty: no trace file
};

/// Reads the command line. Prints the help and exits with 0 when asked to; prints one line that
/// says what is wrong and exits with 2 when something is.
Options parseOptions(int argc, char** argv);
