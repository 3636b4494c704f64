// The work: tiles of a picture of a Julia set, one after the other.
#pragma once

#include <phial/worker/emit.h>

#include <cstdint>
#include <vector>

/// A square of the picture, in pixels; smaller at the right and lower edge.
struct Tile {
  int left, top, width, height;
  auto operator<=>(const Tile&) const = default;
};

/// A tile with its pixels, row by row, three bytes (red, green, blue) each.
struct Painted {
  Tile tile;
  std::vector<std::uint8_t> pixels;
};

/// Paints tiles of a picture of `size` x `size` pixels, and emits each as soon as it is done.
void paint(int size, const std::vector<Tile>& tiles, phial::Emit<Painted> emit);

/// A picture of `size` x `size` pixels cut into tiles.
std::vector<Tile> tilesOf(int size);
