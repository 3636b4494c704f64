#include "picture.h"

#include <png.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>

Picture::Picture(int width, int height)
    : width_(width), height_(height), pixels_(static_cast<std::size_t>(width) * height * 3) {}

void Picture::place(const Tile& tile, const std::vector<std::uint8_t>& pixels) {
  const std::size_t rowBytes = static_cast<std::size_t>(tile.width) * 3;
  for (int row = 0; row < tile.height; ++row) {
    const std::size_t to = (static_cast<std::size_t>(tile.top + row) * width_ + tile.left) * 3;
    std::memcpy(&pixels_[to], &pixels[row * rowBytes], rowBytes);
  }
}

void Picture::writePng(const std::string& path) const {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width_);
  image.height = static_cast<png_uint_32>(height_);
  image.format = PNG_FORMAT_RGB;
  image.flags = PNG_IMAGE_FLAG_FAST;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "wb"),
                                                       &std::fclose);
  if (!file) throw std::runtime_error("cannot write " + path + ": " + std::strerror(errno));
  if (png_image_write_to_stdio(&image, file.get(), 0, pixels_.data(), 0, nullptr) == 0) {
    throw std::runtime_error("cannot write " + path + ": " + image.message);
  }
  if (std::fclose(file.release()) != 0) {
    throw std::runtime_error("cannot write " + path + ": " + std::strerror(errno));
  }
}
