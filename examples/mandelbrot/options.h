// The command line of the mandelbrot example.
#pragma once

#include <cstddef>
#include <string>

struct Options {
  int width = 3840;
  int height = 2160;
  std::size_t workers = 0;  // 0: one a core
  std::string out = "mandelbrot.png";
};

/// Reads the command line. Prints the help and exits with 0 when asked to; prints one line that
/// says what is wrong and exits with 2 when something is.
Options parseOptions(int argc, char** argv);
