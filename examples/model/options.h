// The command line of the model example.
#pragma once

#include <cstddef>
#include <cstdint>

struct Options {
  std::uint64_t mebibytes = 512;
  std::size_t workers = 2;
  std::uint64_t questions = 60;
  std::uint64_t kills = 20;
};

/// Reads the command line. Prints the help and exits with 0 when asked to; prints one line that
/// says what is wrong and exits with 2 when something is.
Options parseOptions(int argc, char** argv);
