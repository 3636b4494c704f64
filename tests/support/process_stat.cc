#include "process_stat.h"

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

std::optional<ProcessStat> statOf(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  // The name, in parentheses, may hold anything. The field behind it is proc(5)'s third.
  std::istringstream rest(line.substr(line.rfind(')') + 1));
  const std::vector<std::string> fields{std::istream_iterator<std::string>(rest), {}};
  const auto number = [&](std::size_t field) { return std::stol(fields.at(field - 3)); };
  return ProcessStat{.state = fields.at(0).at(0),
                     .parent = static_cast<pid_t>(number(4)),
                     .group = static_cast<pid_t>(number(5)),
                     .userTicks = number(14),
                     .systemTicks = number(15)};
}
