// Decides how many elements the next chunk of a map gets. Part of the templates of map.h; nothing
// here is for users.
//
// A chunk should run for about kTarget: the 0.1 ms that a job costs then hardly counts, and a slow
// element holds up few others. The time of elements is measured, and the first chunk has one
// element. After that no chunk has more than four times the elements of the largest chunk that has
// come back, because an estimate from few elements may be far off. Near the end of a range of known
// size a chunk is a share of what is left, after guided self-scheduling (Polychronopoulos and Kuck,
// 1987), but not less than kLeast of work.
#pragma once

#include <phial/master/clock.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

class ChunkSize {
 public:
  static constexpr Duration kTarget = std::chrono::milliseconds(10);
  static constexpr Duration kLeast = std::chrono::milliseconds(2);
  static constexpr std::size_t kGrowth = 4;

  /// `fixed`: the size of every chunk; 0: the size follows measurement. `maxBytes`: the most bytes
  /// that the results of a chunk should take.
  ChunkSize(std::size_t fixed, std::uint64_t maxBytes) : fixed_(fixed), maxBytes_(maxBytes) {}

  /// A chunk of `elements` elements ran for `time`, and its results took `bytes`. The worker's own
  /// account is good enough: a false one costs only speed. REQUIRES: elements > 0.
  void finished(std::size_t elements, Duration time, std::uint64_t bytes);
  /// A chunk of `elements` elements did not fit into a message. REQUIRES: elements > 1.
  void tooLarge(std::size_t elements);

  /// Returns the next size, at least 1. `left`: how many elements have not been read, when it is
  /// known.
  std::size_t next(std::optional<std::size_t> left, std::size_t workers) const;

 private:
  std::size_t lastingFor(Duration time) const;

  std::size_t fixed_;
  std::uint64_t maxBytes_;
  std::size_t largest_ = 0;  // the largest chunk that has come back
  std::size_t ceiling_ = std::numeric_limits<std::size_t>::max();
  double elementNanos_ = 0;
  double elementBytes_ = 0;
};

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
