// The command line of the mailbox example.
#pragma once

#include <chrono>

struct Options {
  std::chrono::milliseconds interval{20};
};

/// Reads the command line. Prints the help and exits with 0 when asked to; prints one line that
/// says what is wrong and exits with 2 when something is.
Options parseOptions(int argc, char** argv);
