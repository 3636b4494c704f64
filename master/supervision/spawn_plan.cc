#include "master/supervision/spawn_plan.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <utility>

namespace phial::detail {
namespace {

std::string checked(std::string s) {
  if (s.find('\0') != std::string::npos) {
    throw std::invalid_argument("spawnProcess: a string holds a NUL");
  }
  return s;
}

std::string checkedName(std::string name) {
  if (name.empty() || name.find('=') != std::string::npos) {
    throw std::invalid_argument("spawnProcess: not a variable's name: \"" + name + "\"");
  }
  return checked(std::move(name));
}

std::map<std::string, std::string> spawnersEnvironment() {
  std::map<std::string, std::string> result;
  for (char** e = environ; e != nullptr && *e != nullptr; ++e) {
    const std::string entry = *e;
    const auto equals = entry.find('=');
    if (equals != std::string::npos) result[entry.substr(0, equals)] = entry.substr(equals + 1);
  }
  return result;
}

}  // namespace

SpawnPlan::SpawnPlan(const SpawnOptions& options)
    : limits_(options.limits),
      executable_(findExecutable(checked(options.executable))),
      directory_(checked(options.directory)) {
  planArguments(options);
  const std::size_t arguments = strings_.size();
  planEnvironment(options.environment);
  // Pointers only now, when the strings no longer move.
  for (std::size_t i = 0; i < strings_.size(); ++i) {
    (i < arguments ? argv_ : envp_).push_back(strings_[i].data());
  }
  argv_.push_back(nullptr);
  envp_.push_back(nullptr);
  planDescriptors(options);
}

void SpawnPlan::planArguments(const SpawnOptions& options) {
  strings_.push_back(checked(options.argv0.value_or(options.executable)));
  for (const auto& argument : options.args) strings_.push_back(checked(argument));
}

void SpawnPlan::planEnvironment(const Environment& environment) {
  auto variables = environment.base == Environment::Base::kSpawners
                       ? spawnersEnvironment()
                       : std::map<std::string, std::string>{};
  for (const auto& [name, value] : environment.changes) {
    if (value) {
      variables[checkedName(name)] = checked(*value);
    } else {
      variables.erase(checkedName(name));
    }
  }
  for (const auto& [name, value] : variables) {
    std::string& entry = strings_.emplace_back(name);
    entry.append("=").append(value);
  }
}

void SpawnPlan::planDescriptors(const SpawnOptions& options) {
  auto wanted = options.descriptors;
  for (const int standard : {0, 1, 2}) wanted.try_emplace(standard, DevNull{});
  if (wanted.begin()->first < 0) {
    throw std::invalid_argument("spawnProcess: a descriptor of the child is negative");
  }
  highestTarget_ = wanted.rbegin()->first;
  for (const auto& [target, descriptor] : wanted) {
    moves_.push_back({childEnd(target, descriptor, options.processGroup), target});
  }
}

int SpawnPlan::childEnd(int target, const ChildDescriptor& wanted, ProcessGroup group) {
  if (const auto* inherited = std::get_if<InheritedFd>(&wanted)) return inherited->fd;
  if (std::holds_alternative<PipeToChild>(wanted)) return pipeEnd(target, 0);
  if (std::holds_alternative<PipeFromChild>(wanted)) return pipeEnd(target, 1);
  if (std::holds_alternative<Lifeline>(wanted)) return lifelineEnd(target, group);
  return keep(open("/dev/null", O_RDWR | O_CLOEXEC), "open /dev/null");
}

int SpawnPlan::pipeEnd(int target, int childSide) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw SpawnError("pipe2", executable_, errno);
  kj::AutoCloseFd ours(ends[1 - childSide]);
  const int childs = keep(ends[childSide], "pipe2");
  // The two ends are separate open files: the child's stays blocking.
  if (fcntl(ours, F_SETFL, O_NONBLOCK) != 0) throw SpawnError("fcntl", executable_, errno);
  pipes_.emplace(target, kj::mv(ours));
  return childs;
}

int SpawnPlan::lifelineEnd(int target, ProcessGroup group) {
  if (group == ProcessGroup::kSpawners) {
    throw std::invalid_argument(
        "spawnProcess: a Lifeline needs a process group of the child's own");
  }
  lifeline_ = target;
  const int fd = pipeEnd(target, 0);
  // It carries nothing, and a user's pipe buffers are limited. One that cannot shrink works too.
  fcntl(fd, F_SETPIPE_SZ, 4096);
  return fd;
}

int SpawnPlan::keep(int fd, const char* step) {
  if (fd < 0) throw SpawnError(step, executable_, errno);
  childEnds_.emplace_back(fd);
  return fd;
}

}  // namespace phial::detail
