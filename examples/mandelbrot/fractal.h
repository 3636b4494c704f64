// The work: one rectangle of a picture of the Mandelbrot set.
#pragma once

#include <cstdint>
#include <vector>

/// A rectangle of a picture, in pixels, and the picture's size.
struct Tile {
  int left, top, width, height;
  int pictureWidth, pictureHeight;
};

/// The tile's pixels, row by row, three bytes (red, green, blue) each.
std::vector<std::uint8_t> renderTile(Tile tile);

/// A picture of `width` x `height` pixels cut into tiles.
std::vector<Tile> tilesOf(int width, int height);
