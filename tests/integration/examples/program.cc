#include "program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <set>
#include <sstream>
#include <stdexcept>
#include <system_error>

#include "tests/support/process_stat.h"

namespace {

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail("pipe2");
    reading = ends[0];
    writing = ends[1];
  }
  int reading;
  int writing;
};

pid_t spawn(const std::vector<std::string>& command, const std::string& input, int out, int err) {
  std::vector<char*> arguments;
  for (const auto& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, input.c_str(), O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
  pid_t pid = 0;
  errno = ::posix_spawn(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (errno != 0) fail(arguments[0]);
  return pid;
}

// Appends what there is. Closes the descriptor and makes it -1 at its end.
void readInto(std::string& text, int& fd) {
  std::array<char, 4096> buffer{};
  const ssize_t got = ::read(fd, buffer.data(), buffer.size());
  if (got == -1) fail("read");
  text.append(buffer.data(), static_cast<std::size_t>(got));
  if (got > 0) return;
  ::close(fd);
  fd = -1;
}

// The programs that this process has started and not yet reaped.
std::set<pid_t>& running() {
  static std::set<pid_t> pids;
  return pids;
}

// LeakSanitizer looks at an ending process from one beside it, which a SIGKILL of the former leaves
// behind. Workers lead groups of their own, so that those of the pool are told apart.
#ifdef PHIAL_ADDRESS_SANITIZER
bool isSanitizers(pid_t pid) {
  const auto stat = statOf(pid);
  return stat && stat->group != pid;
}
#else
bool isSanitizers(pid_t) { return false; }
#endif

// Reaps every child of this process that has been left to it; kills those that live.
std::vector<pid_t> collectOrphans() {
  auto orphans = childrenOf(::getpid());
  std::erase_if(orphans, [](pid_t pid) { return running().contains(pid); });
  std::vector<pid_t> found = orphans;
  std::erase_if(found, isSanitizers);
  for (const pid_t orphan : orphans) {
    ::kill(orphan, SIGKILL);
    ::waitpid(orphan, nullptr, 0);
  }
  return found;
}

}  // namespace

Program::Program(const std::vector<std::string>& command, const std::string& input) {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) fail("prctl");
  const Pipe out;
  const Pipe err;
  outFd_ = out.reading;
  errFd_ = err.reading;
  pid_ = spawn(command, input, out.writing, err.writing);
  running().insert(pid_);
  ::close(out.writing);
  ::close(err.writing);
}

Program::~Program() {
  if (pid_ != 0) {
    ::kill(pid_, SIGKILL);
    wait();
  }
}

Program::More Program::readSome() {
  std::array<pollfd, 2> watched = {pollfd{outFd_, POLLIN, 0}, pollfd{errFd_, POLLIN, 0}};
  if (outFd_ == -1 && errFd_ == -1) return More::no;
  if (::poll(watched.data(), watched.size(), -1) == -1) fail("poll");
  if (watched[0].revents != 0) readInto(out_, outFd_);
  if (watched[1].revents != 0) readInto(err_, errFd_);
  return More::yes;
}

std::string Program::waitForLine(const std::string& text) {
  for (;;) {
    for (auto end = out_.find('\n', looked_); end != std::string::npos;
         end = out_.find('\n', looked_)) {
      const auto line = out_.substr(looked_, end - looked_);
      looked_ = end + 1;
      if (line.find(text) != std::string::npos) return line;
    }
    if (outFd_ == -1) throw std::runtime_error("no \"" + text + "\" in:\n" + out_ + err_);
    readSome();
  }
}

void Program::signal(int number) const { ::kill(pid_, number); }

Ended Program::wait() {
  while (readSome() == More::yes) {
  }
  int status = 0;
  if (::waitpid(pid_, &status, 0) != pid_) fail("waitpid");
  running().erase(pid_);
  pid_ = 0;
  Ended ended{WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
              std::move(out_),
              std::move(err_),
              {}};
  ended.orphans = collectOrphans();
  return ended;
}

Ended runProgram(const std::vector<std::string>& command, const std::string& input) {
  return Program(command, input).wait();
}

std::vector<pid_t> childrenOf(pid_t parent) {
  std::vector<pid_t> children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const auto name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const pid_t pid = std::stoi(name);
    const auto stat = statOf(pid);
    if (stat && stat->parent == parent) children.push_back(pid);
  }
  return children;
}

long cpuTicksOf(pid_t pid) {
  const auto stat = statOf(pid);
  if (!stat) throw std::runtime_error("process " + std::to_string(pid) + " is gone");
  return stat->userTicks + stat->systemTicks;
}

std::vector<std::string> linesOf(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}
