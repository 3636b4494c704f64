// How many elements the next chunk of a map gets. Part of the templates of map.h; nothing here is
// for users.
//
// A chunk should run for about kTarget, so that the 0.1 ms that a job costs do not count and a slow
// element holds up few others. What elements take is measured, and the first chunk has one. From
// there on no chunk has more than four times the elements of the largest one that has come back: a
// guess from few elements may be far off. Towards the end of a range of known size chunks shrink to
// a share of what is left, after guided self-scheduling (Polychronopoulos and Kuck, 1987), but not
// below kLeast of work.
#pragma once

#include <phial/master/clock.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

namespace phial::detail {

class ChunkSize {
 public:
  static constexpr Duration kTarget = std::chrono::milliseconds(10);
  static constexpr Duration kLeast = std::chrono::milliseconds(2);
  static constexpr std::size_t kGrowth = 4;

  /// `fixed`: this many, whatever is measured; 0: by measurement. `maxBytes` is what a chunk's
  /// results should take at most.
  ChunkSize(std::size_t fixed, std::uint64_t maxBytes) : fixed_(fixed), maxBytes_(maxBytes) {}

  /// A chunk of so many elements ran for `time`, and its results took `bytes`. What a worker says
  /// of itself is good enough: a lie costs speed alone. REQUIRES: elements > 0.
  void finished(std::size_t elements, Duration time, std::uint64_t bytes);
  /// A chunk of so many elements does not fit into a message. REQUIRES: elements > 1.
  void tooLarge(std::size_t elements);

  /// At least 1. `left`: elements that have not been read, when that is known.
  std::size_t next(std::optional<std::size_t> left, std::size_t workers) const;

 private:
  std::size_t lastingFor(Duration time) const;

  std::size_t fixed_;
  std::uint64_t maxBytes_;
  std::size_t largest_ = 0;  // that has come back
  std::size_t ceiling_ = std::numeric_limits<std::size_t>::max();
  double elementNanos_ = 0;
  double elementBytes_ = 0;
};

}  // namespace phial::detail
