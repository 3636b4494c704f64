#include "master/cli/census.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace phial::inline v1::cli {
namespace {

struct Stat {
  char state = '?';
  pid_t parent = 0;
  pid_t group = 0;
};

Stat statOf(const std::filesystem::path& process) {
  std::ifstream file(process / "stat");
  std::string line;
  std::getline(file, line);
  // proc(5): "pid (name) state parent group ...", where the name may hold anything.
  std::istringstream rest(line.substr(line.rfind(')') + 1));
  Stat stat;
  rest >> stat.state >> stat.parent >> stat.group;
  return stat;
}

bool isNumber(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

void count(pid_t pid, const Stat& stat, Children& children) {
  if (stat.state != 'Z') {
    ++children.strays;
  } else if (stat.group == pid || ::waitpid(pid, nullptr, WNOHANG) != pid) {
    ++children.zombies;
  }
}

}  // namespace

Footprint footprint() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  statm >> size >> resident;
  const std::filesystem::directory_iterator descriptors("/proc/self/fd");
  // One of them is the iterator's own.
  return {resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)),
          static_cast<std::size_t>(std::distance(begin(descriptors), end(descriptors))) - 1};
}

void adoptOrphans() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }

std::optional<pid_t> findChild(const std::string& name) {
  for (const auto& process : std::filesystem::directory_iterator("/proc")) {
    const auto number = process.path().filename().string();
    if (!isNumber(number)) continue;
    const Stat stat = statOf(process.path());
    const pid_t pid = std::stoi(number);
    if (stat.parent != ::getpid() || stat.group != pid || stat.state == 'Z') continue;
    std::string comm;
    std::getline(std::ifstream(process.path() / "comm"), comm);
    if (comm == name) return pid;
  }
  return std::nullopt;
}

Children countChildren() {
  Children children;
  for (const auto& process : std::filesystem::directory_iterator("/proc")) {
    const auto name = process.path().filename().string();
    if (!isNumber(name)) continue;
    const Stat stat = statOf(process.path());
    if (stat.parent == ::getpid()) count(std::stoi(name), stat, children);
  }
  return children;
}

}  // namespace phial::inline v1::cli
