// The command line of the two_binaries example.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

struct Options {
  std::vector<std::uint64_t> numbers;
  std::string worker;       // the program
  std::size_t workers = 0;  // 0: one a core
};

/// Reads the command line. Prints the help and exits with 0 when asked to; prints one line that
/// says what is wrong and exits with 2 when something is.
Options parseOptions(int argc, char** argv);
