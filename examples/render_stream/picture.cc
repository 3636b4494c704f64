#include "picture.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>

Picture::Picture(int size) : size_(size), pixels_(static_cast<std::size_t>(size) * size * 3) {
  for (const Tile& tile : tilesOf(size)) missing_.insert(tile);
}

void Picture::place(const Painted& painted) {
  const Tile& tile = painted.tile;
  const std::size_t rowBytes = static_cast<std::size_t>(tile.width) * 3;
  for (int row = 0; row < tile.height; ++row) {
    const std::size_t to = (static_cast<std::size_t>(tile.top + row) * size_ + tile.left) * 3;
    std::memcpy(&pixels_[to], &painted.pixels[row * rowBytes], rowBytes);
  }
  missing_.erase(tile);
}

void Picture::writePpm(const std::string& path) const {
  std::ofstream file(path, std::ios::binary);
  file << "P6\n" << size_ << ' ' << size_ << "\n255\n";
  file.write(reinterpret_cast<const char*>(pixels_.data()),
             static_cast<std::streamsize>(pixels_.size()));
  file.close();
  if (!file) throw std::runtime_error("cannot write " + path + ": " + std::strerror(errno));
}
