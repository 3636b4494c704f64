// The command line of the chunking example.
#pragma once

#include <cstdint>

struct Options {
  std::uint64_t limit = 3'000'000;
};

/// Reads the command line. Prints the help and exits with 0 when asked to; prints one line that
/// says what is wrong and exits with 2 when something is.
Options parseOptions(int argc, char** argv);
