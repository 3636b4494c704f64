// The command line of the scrypt example.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "password.h"

struct Options {
  std::uint16_t port = 8022;  // 0: any free one
  std::string socket;         // a Unix socket in place of the port
  std::size_t workers = 0;    // 0: one a core
  std::size_t queue = 16;
  std::chrono::milliseconds limit{5000};
  ScryptCost cost;
};

/// Reads the command line. Prints the help and exits with 0 when asked to; prints one line that
/// says what is wrong and exits with 2 when something is.
Options parseOptions(int argc, char** argv);
