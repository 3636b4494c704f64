// The work: one strip of a picture of the Mandelbrot set.
#pragma once

#include <cstdint>
#include <vector>

/// A view of the set: `width` x `height` pixels, `span` wide on the real axis.
struct View {
  double x, y, span;
  int width, height;
};

/// The rows from `top` to before `bottom`, as pixels 0xffRRGGBB.
std::vector<std::uint32_t> renderRows(View view, int top, int bottom);
