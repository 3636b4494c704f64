#include "traces.h"

#include <dirent.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdint>
#include <fstream>
#include <functional>
#include <sstream>

namespace matrix {
namespace {

// "pipe", "anon_inode:[eventpoll]", a path: without the number, which differs each time.
std::string kindOfDescriptor(const std::string& name) {
  std::array<char, PATH_MAX> target{};
  const auto length =
      ::readlink(("/proc/self/fd/" + name).c_str(), target.data(), target.size() - 1);
  std::string kind(target.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
  const auto number = kind.find(":[");
  if (kind.starts_with("pipe:") || kind.starts_with("socket:")) kind.resize(number);
  return kind;
}

void eachDescriptor(const std::function<void(const std::string&)>& f) {
  DIR* directory = ::opendir("/proc/self/fd");
  while (const dirent* entry = ::readdir(directory)) {
    const std::string name = entry->d_name;
    if (name[0] != '.' && name != std::to_string(::dirfd(directory))) f(name);
  }
  ::closedir(directory);
}

struct Mapping {
  std::size_t bytes;
  std::string path;
};

void eachMapping(const std::function<void(const Mapping&)>& f) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::istringstream fields(line);
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    char dash = 0;
    std::string permissions, offset, device, inode, path;
    fields >> std::hex >> begin >> dash >> end >> permissions >> offset >> device >> inode;
    std::getline(fields >> std::ws, path);
    f({end - begin, path});
  }
}

}  // namespace

Traces Traces::now() {
  Traces traces;
  eachDescriptor([&](const std::string& name) {
    ++traces.counts_["a descriptor of " + kindOfDescriptor(name)];
  });
  eachMapping([&](const Mapping& mapping) {
    if (mapping.path.starts_with('/')) ++traces.counts_["a mapping of " + mapping.path];
  });
  siginfo_t child{};
  // WNOWAIT: who is somebody's to reap stays so.
  if (::waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) == 0) ++traces.counts_["a child"];
  return traces;
}

std::string Traces::addedIn(const Traces& later) const {
  std::string added;
  for (const auto& [what, count] : later.counts_) {
    const auto before = counts_.find(what);
    const int more = count - (before != counts_.end() ? before->second : 0);
    if (more > 0) added += what + " is left, " + std::to_string(more) + " more than before\n";
  }
  return added;
}

std::size_t anonymousBytes() {
  std::size_t bytes = 0;
  eachMapping([&](const Mapping& mapping) {
    if (mapping.path.empty() || mapping.path == "[heap]") bytes += mapping.bytes;
  });
  return bytes;
}

}  // namespace matrix
