// What to compute.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

struct Options {
  std::vector<std::string> statements;
  std::size_t workers = 0;  // 0: one a core
};

Options parseOptions(int argc, char** argv);
