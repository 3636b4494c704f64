#include "tile.h"

#include <algorithm>
#include <array>
#include <complex>

namespace {

constexpr int kTileSide = 64;
constexpr int kMostSteps = 300;
constexpr double kViewWidth = 3.0;
constexpr std::complex<double> kConstant{-0.8, 0.156};

std::array<std::uint8_t, 3> colourAt(std::complex<double> z) {
  int step = 0;
  while (step < kMostSteps && std::norm(z) < 16) {
    z = z * z + kConstant;
    ++step;
  }
  const int light = 255 * step / kMostSteps;
  return {static_cast<std::uint8_t>(light), static_cast<std::uint8_t>(step % 256),
          static_cast<std::uint8_t>(255 - light)};
}

Painted painted(int size, const Tile& tile) {
  Painted result{tile, {}};
  const double pixel = kViewWidth / size;
  for (int y = tile.top; y < tile.top + tile.height; ++y) {
    for (int x = tile.left; x < tile.left + tile.width; ++x) {
      const auto rgb = colourAt({(x - size / 2.0) * pixel, (y - size / 2.0) * pixel});
      result.pixels.insert(result.pixels.end(), rgb.begin(), rgb.end());
    }
  }
  return result;
}

}  // namespace

void paint(int size, const std::vector<Tile>& tiles, phial::Emit<Painted> emit) {
  for (const Tile& tile : tiles) emit(painted(size, tile));
}

std::vector<Tile> tilesOf(int size) {
  std::vector<Tile> tiles;
  for (int top = 0; top < size; top += kTileSide) {
    for (int left = 0; left < size; left += kTileSide) {
      tiles.push_back(
          {left, top, std::min(kTileSide, size - left), std::min(kTileSide, size - top)});
    }
  }
  return tiles;
}
