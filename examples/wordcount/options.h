// The command line of the wordcount example.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

struct Options {
  std::vector<std::string> files;
  std::size_t top = 20;
  std::size_t workers = 0;  // 0: one a core
};

/// Reads the command line. Prints the help and exits with 0 when asked to; prints one line that
/// says what is wrong and exits with 2 when something is.
Options parseOptions(int argc, char** argv);
