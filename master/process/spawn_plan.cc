#include "master/process/spawn_plan.h"

#include <fcntl.h>
#include <phial/protocol/descriptor.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <utility>

#include "master/log/standard_error.h"
#include "master/process/pseudo_terminal.h"

namespace phial::inline v1::detail {
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

// setresuid(2) takes it for "leave it as it is": a service that looked up its user in vain would
// run its jobs as root.
void checkUser(const SpawnOptions& options) {
  if (options.uid == static_cast<uid_t>(-1) || options.gid == static_cast<gid_t>(-1)) {
    throw std::invalid_argument("spawnProcess: uid or gid is -1, which is nobody's number");
  }
}

int spawnersOutput(int target) {
  if (target == STDOUT_FILENO) return standardOutput();
  if (target == STDERR_FILENO) return standardError();
  throw std::invalid_argument("spawnProcess: SpawnersOutput is for descriptors 1 and 2, not " +
                              std::to_string(target));
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
  checkUser(options);
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
  auto variables = environment.base == Environment::Base::spawners
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
  const ProcessGroup group = groupOf(options);
  const int terminal = options.pty ? terminalEnd(options) : -1;
  for (const auto& [target, descriptor] : wanted) {
    const bool isTerminal = options.pty && target <= STDERR_FILENO;
    moves_.push_back({isTerminal ? terminal : childEnd(target, descriptor, group), target});
  }
}

int SpawnPlan::childEnd(int target, const ChildDescriptor& wanted, ProcessGroup group) {
  if (const auto* inherited = std::get_if<InheritedFd>(&wanted)) return inherited->fd;
  if (std::holds_alternative<PipeToChild>(wanted)) return pipeEnd(target, PipeSide::read);
  if (std::holds_alternative<PipeFromChild>(wanted)) return pipeEnd(target, PipeSide::write);
  if (std::holds_alternative<Lifeline>(wanted)) return lifelineEnd(target, group);
  if (std::holds_alternative<SpawnersOutput>(wanted)) {
    const int fd = spawnersOutput(target);
    if (fd >= 0) return fd;
  }
  return keep(ownDescriptor(open("/dev/null", O_RDWR | O_CLOEXEC)), "open /dev/null");
}

int SpawnPlan::pipeEnd(int target, PipeSide childSide) {
  auto ends = openPipe();
  if (!ends) throw SpawnError("pipe2", executable_, errno);
  if (childSide == PipeSide::write) std::swap(ends->read, ends->write);
  const int childs = keep(kj::mv(ends->read), "pipe2");
  kj::AutoCloseFd ours = kj::mv(ends->write);
  // The two ends are separate open files: the child's stays blocking.
  if (fcntl(ours, F_SETFL, O_NONBLOCK) != 0) throw SpawnError("fcntl", executable_, errno);
  pipes_.emplace(target, kj::mv(ours));
  return childs;
}

int SpawnPlan::lifelineEnd(int target, ProcessGroup group) {
  if (group == ProcessGroup::spawners) {
    throw std::invalid_argument(
        "spawnProcess: a Lifeline needs a process group of the child's own");
  }
  lifeline_ = target;
  const int fd = pipeEnd(target, PipeSide::read);
  // It carries nothing, and a user's pipe buffers are limited. One that cannot shrink works too.
  fcntl(fd, F_SETPIPE_SZ, 4096);
  return fd;
}

int SpawnPlan::terminalEnd(const SpawnOptions& options) {
  auto ends = openTerminal(*options.pty, options.uid);
  if (!ends) throw SpawnError("open a pseudo-terminal", executable_, errno);
  hasTerminal_ = true;
  pipes_.emplace(STDIN_FILENO, kj::mv(ends->spawners));
  return keep(kj::mv(ends->childs), "open a pseudo-terminal");
}

int SpawnPlan::keep(kj::AutoCloseFd fd, const char* step) {
  if (fd.get() < 0) throw SpawnError(step, executable_, errno);
  return childEnds_.emplace_back(kj::mv(fd)).get();
}

}  // namespace phial::inline v1::detail
