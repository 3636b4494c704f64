#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "master/process/spawn_plan.h"

namespace phial::inline v1::detail {
namespace {

// 0, or why this file cannot be executed.
int executeError(const std::string& path) {
  struct stat info{};
  if (stat(path.c_str(), &info) != 0) return errno;
  if (!S_ISREG(info.st_mode)) return EACCES;
  return access(path.c_str(), X_OK) == 0 ? 0 : errno;
}

std::string searchPath() {
  const char* const path = std::getenv("PATH");
  return path ? path : "/usr/local/bin:/usr/bin:/bin";
}

}  // namespace

std::string findExecutable(const std::string& name) {
  if (name.empty()) throw SpawnError("find", name, ENOENT);
  if (name.find('/') != std::string::npos) return std::filesystem::absolute(name);
  // As execvp: a file that may not be executed counts only if no other is found.
  int error = ENOENT;
  std::istringstream path(searchPath());
  for (std::string folder; std::getline(path, folder, ':');) {
    const std::string candidate = (folder.empty() ? "." : folder) + "/" + name;
    const int why = executeError(candidate);
    if (why == 0) return std::filesystem::absolute(candidate);
    if (why == EACCES) error = EACCES;
  }
  throw SpawnError("search in PATH", name, error);
}

}  // namespace phial::inline v1::detail
