// A built program under test: started with pipes on its output, watched to its end.
//
// The test process adopts whatever a program leaves behind when it ends (it is the subreaper, see
// prctl(2)), so that a forgotten child is found, dead or alive, and not handed to init.
//
// Nothing here has a time limit of its own; ctest's is behind all of it.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

/// What a program had to say and how it ended.
struct Ended {
  int status = 0;  ///< exit status; 128 + the signal's number when one ended it
  std::string out;
  std::string err;
  /// Child processes that it left behind, ended or not.
  std::vector<pid_t> orphans;
};

class Program {
 public:
  /// Starts `command`, the program's path first, with the file `input` as its stdin. Throws
  /// std::system_error.
  explicit Program(const std::vector<std::string>& command, const std::string& input = "/dev/null");
  /// Kills the program if it is still there.
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  pid_t pid() const { return pid_; }

  /// Reads stdout until a line has come in that contains `text`, and returns it. Lines are looked
  /// at once: the next call begins behind it. Throws std::runtime_error, with all that was said, if
  /// stdout ends before.
  std::string waitForLine(const std::string& text);

  void signal(int number) const;

  /// Reads to the end of both pipes and waits for the program.
  Ended wait();

 private:
  enum class More { no, yes };
  More readSome();

  pid_t pid_ = 0;  // 0 once it is reaped
  int outFd_ = -1;
  int errFd_ = -1;
  std::string out_;
  std::string err_;
  std::size_t looked_ = 0;  // bytes of out_ that waitForLine has passed
};

/// Starts a program and waits for its end.
Ended runProgram(const std::vector<std::string>& command, const std::string& input = "/dev/null");

/// The living children of a process, zombies too.
std::vector<pid_t> childrenOf(pid_t parent);

/// The CPU time that a process has used, in clock ticks. Throws std::runtime_error when it is gone.
long cpuTicksOf(pid_t pid);

std::vector<std::string> linesOf(const std::string& text);
