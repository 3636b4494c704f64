// The command line of the quicksort example.
#pragma once

#include <cstdint>

struct Options {
  std::uint64_t count = 1'000'000;
  std::uint64_t grain = 50'000;
  std::uint32_t workers = 0;  ///< 0: one a core
  std::uint64_t seed = 1;
};

/// Reads the command line. Prints the help and exits with 0 when asked to; prints one line that
/// says what is wrong and exits with 2 when something is.
Options parseOptions(int argc, char** argv);
