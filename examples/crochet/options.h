// The command line of the crochet example.
#pragma once

#include <chrono>
#include <cstddef>

struct Options {
  std::chrono::milliseconds refresh{100};
  std::size_t workers = 0;  // 0: one a core
};

/// Reads the command line. Prints the help and exits with 0 when asked to; prints one line that
/// says what is wrong and exits with 2 when something is.
Options parseOptions(int argc, char** argv);
