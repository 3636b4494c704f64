// One cell of the matrix, run with one number of workers, in one of two ways.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "fuse.h"

namespace matrix {

/// Where jobs are submitted.
enum class From {
  outside,   ///< all at once, from no callback
  callback,  ///< each in the callback of another
};
const char* fromName(From from);

struct Cell {
  Stage stage;
  phial::cli::Fault fault;
  unsigned workers;
  From from;
  std::uint64_t seed;

  /// "run x sigkill, 5 workers, jobs from callbacks".
  std::string name() const;
  /// The arguments that run this cell again and nothing else.
  std::string arguments() const;
  /// The same numbers for the same cell and seed, whatever ran before.
  std::mt19937_64 random() const;
};

/// What was found wrong, one thing a string.
using Complaints = std::vector<std::string>;

/// Runs it. Every wait is bounded by the Watchdog alone.
Complaints runCell(const Cell& cell);

}  // namespace matrix
