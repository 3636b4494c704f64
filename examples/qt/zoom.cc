#include "zoom.h"

#include <cmath>

namespace {

constexpr int kMaxIterations = 1000;

std::uint32_t channel(double phase) {
  return static_cast<std::uint32_t>(127.5 + 127.5 * std::cos(phase));
}

// The colour of one point: black inside the set.
std::uint32_t colourOf(double cx, double cy) {
  double x = 0;
  double y = 0;
  for (int i = 0; i < kMaxIterations; ++i) {
    const double xx = x * x;
    const double yy = y * y;
    if (xx + yy > 256) {
      const double phase = 0.9 * std::sqrt(i + 1 - std::log2(std::log(xx + yy) / 2));
      return 0xff000000U | channel(phase + 3.4) << 16 | channel(phase + 3.9) << 8 |
             channel(phase + 4.7);
    }
    y = 2 * x * y + cy;
    x = xx - yy + cx;
  }
  return 0xff000000U;
}

}  // namespace

std::vector<std::uint32_t> renderRows(View view, int top, int bottom) {
  const double step = view.span / view.width;
  std::vector<std::uint32_t> pixels;
  pixels.reserve(static_cast<std::size_t>(view.width) * static_cast<std::size_t>(bottom - top));
  for (int row = top; row < bottom; ++row) {
    for (int column = 0; column < view.width; ++column) {
      pixels.push_back(colourOf(view.x + (column - view.width / 2.0) * step,
                                view.y - (row - view.height / 2.0) * step));
    }
  }
  return pixels;
}
