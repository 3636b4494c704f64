#include "tests/support/scratch_folder.h"

#include <stdlib.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>

ScratchFolder::ScratchFolder()
    : path_(std::filesystem::temp_directory_path() / "phial-test-XXXXXX") {
  if (::mkdtemp(path_.data()) == nullptr) {
    throw std::system_error(errno, std::generic_category(), path_);
  }
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;  // what is left lies in the folder for temporary files
  std::filesystem::remove_all(path_, ignored);
}

std::string ScratchFolder::path(std::string_view name) const {
  return name.empty() ? path_ : path_ + "/" + std::string(name);
}

std::string ScratchFolder::write(std::string_view name, std::string_view text) const {
  std::ofstream file(path(name), std::ios::binary);
  file << text;
  file.close();
  if (!file) throw std::runtime_error("cannot write " + path(name));
  return path(name);
}
