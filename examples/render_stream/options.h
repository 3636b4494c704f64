// The command line of the render_stream example.
#pragma once

#include <cstddef>
#include <string>

struct Options {
  int size = 1024;
  std::size_t workers = 0;  ///< 0: one a core
  std::string out = "julia.ppm";
  bool kill = false;
};

/// Reads the command line. Prints the help and exits with 0 when asked to; prints one line that
/// says what is wrong and exits with 2 when something is.
Options parseOptions(int argc, char** argv);
