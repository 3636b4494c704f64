// Boost.Process version 1 with vfork. Version 2, as of Boost 1.81, cannot be used: its bind_fd
// returns nothing from a function that must, its vfork launcher notifies an Asio context inside the
// shared memory, and its default one forks, which takes 58 ms in a program of 2 GiB.
#define BOOST_POSIX_HAS_VFORK 1

#include "master/process/launcher.h"

#include <fcntl.h>
#include <phial/protocol/descriptor.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/process/child.hpp>
#include <boost/process/extend.hpp>
#include <boost/process/posix.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "master/process/child_error.h"
#include "master/process/child_setup.h"
#include "master/process/pidfd.h"
#include "master/process/spawn_plan.h"

namespace phial::inline v1::detail {
namespace {

// No signal handler of the host's may run in the child, in the memory it shares with us; and a
// SIGCHLD handler that waits for every child shall not find ours before there is a pidfd.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

// The pipe through which the child says why it could not become the program.
struct ReportPipe {
  explicit ReportPipe(const SpawnPlan& plan) {
    auto ends = openPipe(O_NONBLOCK);
    check(plan, ends ? 0 : -1, "pipe2");
    read = kj::mv(ends->read);
    // Out of the way of the descriptors that the child is to have.
    const int high = fcntl(ends->write, F_DUPFD_CLOEXEC, plan.highestTarget() + 1);
    check(plan, high, "fcntl");
    write = kj::AutoCloseFd(high);
  }

  static void check(const SpawnPlan& plan, int result, const char* step) {
    if (result < 0) throw SpawnError(step, plan.executable(), errno);
  }

  kj::AutoCloseFd read;
  kj::AutoCloseFd write;
};

// Boost.Process's extension point: our steps around its vfork and exec.
struct Steps : boost::process::extend::handler {
  Steps(SpawnPlan& p, ChildContext& c, int& e) : plan(p), context(c), forkError(e) {}

  template <typename Executor>
  void on_setup(Executor& executor) const {
    executor.exe = plan.executable();
    executor.cmd_line = plan.argv();
    executor.env = plan.envp();
  }
  template <typename Executor>
  void on_exec_setup(Executor&) const {
    setUpChild(context);
  }
  template <typename Executor>
  void on_exec_error(Executor&, const std::error_code&) const {
    reportExecError(context);
  }
  template <typename Executor>
  void on_fork_error(Executor&, const std::error_code& error) const {
    forkError = error.value();
  }

  SpawnPlan& plan;
  ChildContext& context;
  int& forkError;
};

pid_t startChild(SpawnPlan& plan, ChildContext& context) {
  int forkError = 0;
  // Boost's own error path waits with WNOHANG and may miss the child: ours is the report pipe.
  boost::process::child child(Steps(plan, context, forkError), boost::process::posix::use_vfork,
                              boost::process::ignore_error);
  if (forkError != 0) throw SpawnError("vfork", plan.executable(), forkError);
  child.detach();
  return child.id();
}

// After vfork the child has executed or exited, so the report is there or will never come. Where
// vfork is a fork (ThreadSanitizer makes it so), the child may still be on its way.
std::optional<ChildError> readReport(int fd, bool sharedMemory) {
  pollfd wait{fd, POLLIN, 0};
  while (!sharedMemory && poll(&wait, 1, -1) < 0 && errno == EINTR) {
  }
  ChildError error;
  if (read(fd, &error, sizeof error) != sizeof error) return std::nullopt;
  return error;
}

// What the child has said up to the failure, if there was one.
struct Report {
  std::vector<std::string> lacks;
  std::optional<ChildError> failure;
};

Report readWholeReport(int fd, bool sharedMemory) {
  Report report;
  while (const auto next = readReport(fd, sharedMemory)) {
    if (next->weight == ChildError::Weight::kFailure) {
      report.failure = next;
      break;
    }
    report.lacks.push_back(std::string(name(next->step)) + ": " + std::strerror(next->code));
  }
  return report;
}

// A change of user between vfork and exec makes the memory that both share undumpable, and with it
// this process.
class StaysDumpable {
 public:
  explicit StaysDumpable(const SpawnOptions& options)
      : before_(options.uid || options.gid ? ::prctl(PR_GET_DUMPABLE) : -1) {}
  ~StaysDumpable() {
    if (before_ == 1) ::prctl(PR_SET_DUMPABLE, 1);
  }
  StaysDumpable(const StaysDumpable&) = delete;
  StaysDumpable& operator=(const StaysDumpable&) = delete;

 private:
  int before_;
};

void waitFor(pid_t pid) {
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

[[noreturn]] void throwReport(const SpawnPlan& plan, const ChildError& error) {
  const bool aboutDirectory = error.step == ChildError::Step::kChdir;
  throw SpawnError(name(error.step), aboutDirectory ? plan.directory() : plan.executable(),
                   error.code);
}

kj::AutoCloseFd watchable(const SpawnPlan& plan, pid_t pid) {
  auto fd = ownDescriptor(openPidfd(pid));
  if (fd.get() >= 0) return fd;
  const int error = errno;
  if (error == ESRCH) return kj::AutoCloseFd();
  ::kill(pid, SIGKILL);
  waitFor(pid);
  throw SpawnError("pidfd_open", plan.executable(), error);
}

}  // namespace

Launched launch(const SpawnOptions& options) {
  SpawnPlan plan(options);
  ReportPipe report(plan);
  ChildContext context{plan,
                       getpid(),
                       groupOf(options) != ProcessGroup::spawners,
                       options.onSpawnerDeath == OnSpawnerDeath::die,
                       options.limits.niceness ? 0 : options.preferredNiceness,
                       options.uid,
                       options.gid,
                       report.write.get(),
                       false};
  const SignalsBlocked blocked;
  const StaysDumpable dumpable(options);
  const pid_t pid = startChild(plan, context);
  report.write = nullptr;
  auto said = readWholeReport(report.read, context.ran);
  if (said.failure) {
    waitFor(pid);
    throwReport(plan, *said.failure);
  }
  // After the exec, which charged the child with what this process had used by then.
  return {.pid = pid,
          .pidfd = watchable(plan, pid),
          .pipes = plan.takePipes(),
          .lifeline = plan.lifeline(),
          .refused = std::move(said.lacks),
          .rssFloorBytes = rssFloor()};
}

}  // namespace phial::inline v1::detail
