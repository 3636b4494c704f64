#include "fractal.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace {

constexpr int kMaxIterations = 1500;
constexpr int kTileWidth = 240;
constexpr int kTileHeight = 135;
// The valley of the sea horses.
constexpr double kCentreX = -0.7436438870;
constexpr double kCentreY = 0.1318259042;
constexpr double kViewWidth = 0.0062;

// Iterations until the point escapes, with a fraction that makes the colours run smoothly; negative
// when it does not escape.
double escapeTime(double cx, double cy) {
  constexpr double kEscapeRadiusSquared = 1 << 16;
  double x = 0;
  double y = 0;
  for (int i = 0; i < kMaxIterations; ++i) {
    const double xx = x * x;
    const double yy = y * y;
    if (xx + yy > kEscapeRadiusSquared) {
      return i + 1 - std::log2(std::log(xx + yy) / 2 / std::log(2.0));
    }
    y = 2 * x * y + cy;
    x = xx - yy + cx;
  }
  return -1;
}

std::array<std::uint8_t, 3> colour(double time) {
  if (time < 0) return {0, 0, 0};
  const double phase = 0.14 * std::sqrt(time) * 6.283185307179586;
  auto channel = [phase](double shift) {
    return static_cast<std::uint8_t>(127.5 + 127.5 * std::cos(phase + shift));
  };
  return {channel(3.4), channel(3.9), channel(4.7)};
}

// The mean of a few points inside one pixel, so that fine filaments do not turn into noise.
std::array<std::uint8_t, 3> smoothColour(double x, double y, double step) {
  constexpr int kSamplesPerSide = 2;
  std::array<int, 3> total{};
  for (int i = 0; i < kSamplesPerSide * kSamplesPerSide; ++i) {
    const int column = i % kSamplesPerSide;
    const int row = i / kSamplesPerSide;
    const double dx = (column + 0.5) / kSamplesPerSide * step;
    const double dy = (row + 0.5) / kSamplesPerSide * step;
    const auto sample = colour(escapeTime(x + dx, y - dy));
    for (std::size_t c = 0; c < total.size(); ++c) total[c] += sample[c];
  }
  std::array<std::uint8_t, 3> mean{};
  for (std::size_t c = 0; c < mean.size(); ++c) {
    mean[c] = static_cast<std::uint8_t>(total[c] / (kSamplesPerSide * kSamplesPerSide));
  }
  return mean;
}

}  // namespace

std::vector<std::uint8_t> renderTile(Tile tile) {
  const double step = kViewWidth / tile.pictureWidth;
  std::vector<std::uint8_t> pixels;
  pixels.reserve(static_cast<std::size_t>(tile.width) * tile.height * 3);
  for (int row = tile.top; row < tile.top + tile.height; ++row) {
    const double y = kCentreY - (row - tile.pictureHeight / 2.0) * step;
    for (int column = tile.left; column < tile.left + tile.width; ++column) {
      const double x = kCentreX + (column - tile.pictureWidth / 2.0) * step;
      const auto rgb = smoothColour(x, y, step);
      pixels.insert(pixels.end(), rgb.begin(), rgb.end());
    }
  }
  return pixels;
}

std::vector<Tile> tilesOf(int width, int height) {
  std::vector<Tile> tiles;
  for (int top = 0; top < height; top += kTileHeight) {
    for (int left = 0; left < width; left += kTileWidth) {
      tiles.push_back({left, top, std::min(kTileWidth, width - left),
                       std::min(kTileHeight, height - top), width, height});
    }
  }
  return tiles;
}
