// How far a stress run is, on stderr: a table that is redrawn where stderr is a terminal, a line
// now and then where it is not.
#pragma once

#include <phial/master/clock.h>

#include <cstdint>
#include <optional>
#include <string>

#include "master/cli/census.h"

namespace phial::inline v1::cli {

struct Progress {
  double seconds = 0;
  std::uint64_t settled = 0;
  std::optional<std::uint64_t> jobs = {};  ///< how many there will be
  std::uint64_t failed = 0;
  std::size_t workers = 0;
  std::size_t starting = 0;
  std::size_t idle = 0;
  std::size_t busy = 0;
  std::uint64_t restarts = 0;
  double restartMsP50 = 0;
  double restartMsP99 = 0;
  Footprint footprint = {};
};

class ProgressDisplay {
 public:
  enum class Style { table, lines };

  /// The style that stderr can show.
  ProgressDisplay();
  explicit ProgressDisplay(Style style) : style_(style) {}

  /// How often there is something new to show.
  Duration interval() const;
  /// What to print for `now`, rates counted since the last call.
  std::string next(const Progress& now);

 private:
  std::string table(const Progress& now, double jobsRate, double restartRate);

  Style style_;
  Progress last_;
  int linesUp_ = 0;  // of the table that stands there already
};

}  // namespace phial::inline v1::cli
