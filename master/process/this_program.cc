#include "master/process/this_program.h"

#include <phial/protocol/error.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <utility>

namespace phial::inline v1::detail {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLink = "/proc/self/exe";

std::string linkTarget() {
  std::array<char, PATH_MAX> path{};
  const auto length = ::readlink(kLink, path.data(), path.size());
  return length > 0 ? std::string(path.data(), static_cast<std::size_t>(length)) : std::string();
}

// glibc's loader, when it was started itself, puts the program's path there in place of its own.
std::string pathAskedFor() {
  const auto* path = reinterpret_cast<const char*>(::getauxval(AT_EXECFN));
  return path != nullptr ? path : "";
}

std::vector<std::string> commandLine() {
  std::ifstream file("/proc/self/cmdline");
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  return words;
}

bool sameFile(const std::string& a, const std::string& b) {
  std::error_code ignored;
  return fs::equivalent(a, b, ignored);
}

}  // namespace

ThisProgram thisProgram(const std::string& link, const std::string& askedFor,
                        const std::vector<std::string>& commandLine) {
  const bool there = !askedFor.empty() && ::access(askedFor.c_str(), R_OK) == 0;
  if (link.empty()) {
    if (there) return {fs::absolute(askedFor), {}, askedFor};
    throw Error("this program's own file cannot be found: /proc is not mounted, and \"" + askedFor +
                "\" is no file here. Set PoolOptions::worker to the worker's command");
  }
  const auto program = std::find(commandLine.begin(), commandLine.end(), askedFor);
  // The file may have been replaced or removed since: that is no loader.
  const bool byLoader = there && program != commandLine.end() && program != commandLine.begin() &&
                        !sameFile(link, askedFor);
  if (!byLoader) return {kLink, {}, link};
  std::vector<std::string> args(commandLine.begin() + 1, program);
  args.push_back(fs::absolute(askedFor));
  return {kLink, std::move(args), askedFor};
}

ThisProgram thisProgram() { return thisProgram(linkTarget(), pathAskedFor(), commandLine()); }

std::vector<std::string> commandByPath() {
  const ThisProgram program = thisProgram();
  std::string path = program.executable;
  if (path == kLink) {
    constexpr std::string_view kDeleted = " (deleted)";
    path = linkTarget();
    if (path.ends_with(kDeleted)) path.resize(path.size() - kDeleted.size());
  }
  std::vector<std::string> command{path};
  command.insert(command.end(), program.args.begin(), program.args.end());
  return command;
}

}  // namespace phial::inline v1::detail
