// Text files cut into pieces that can be counted apart.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// Some bytes of a file. It stands for the words that begin in there.
struct Chunk {
  std::string path;
  std::uint64_t offset;
  std::uint64_t lengthBytes;
};

/// Cuts a file into chunks of at most 1 MiB, without reading it. Throws std::system_error with the
/// path and the reason when it cannot be read.
std::vector<Chunk> chunksOf(const std::string& path);
