// A folder of a test's own, gone with it.
#pragma once

#include <string>
#include <string_view>

class ScratchFolder {
 public:
  /// Below the system's folder for temporary files. Throws std::system_error.
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  /// The path of `name` in here; without a name, of the folder.
  std::string path(std::string_view name = {}) const;
  /// Writes a file and returns its path.
  std::string write(std::string_view name, std::string_view text) const;

 private:
  std::string path_;
};
