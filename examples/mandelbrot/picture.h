// A picture in memory, and as a PNG file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fractal.h"

class Picture {
 public:
  Picture(int width, int height);

  /// Puts what renderTile made into its place.
  void place(const Tile& tile, const std::vector<std::uint8_t>& pixels);
  /// Throws std::runtime_error with the path and the reason.
  void writePng(const std::string& path) const;

  bool operator==(const Picture&) const = default;

 private:
  int width_;
  int height_;
  std::vector<std::uint8_t> pixels_;
};
