// The command line of the session example.
#pragma once

#include <string>
#include <vector>

struct Options {
  std::vector<std::string> lines;  ///< such as "ada: x = 3"
};

/// Reads the command line. Prints the help and exits with 0 when asked to; prints one line that
/// says what is wrong and exits with 2 when something is.
Options parseOptions(int argc, char** argv);
