// A picture in memory, of which tiles are missing until they are placed, and as a PPM file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "tile.h"

class Picture {
 public:
  explicit Picture(int size);

  void place(const Painted& painted);
  /// The tiles that have not been placed.
  const std::set<Tile>& missing() const { return missing_; }
  int size() const { return size_; }
  /// Throws std::runtime_error with the path and the reason.
  void writePpm(const std::string& path) const;

 private:
  const int size_;
  std::set<Tile> missing_;
  std::vector<std::uint8_t> pixels_;
};
